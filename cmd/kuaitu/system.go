package main

import (
	_ "embed"
	"os"
	"os/user"
	"runtime"
	"strings"
)

//go:embed licences.txt
var licences string

// userName is who signs what is done here: the account's name.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// ensureUTF8 gives the process a UTF-8 locale before the window opens: without one no Chinese can be typed on X11.
// C.UTF-8 is always there.
func ensureUTF8() {
	if runtime.GOOS != "linux" {
		return
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		v := strings.ToUpper(os.Getenv(name))
		if strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8") {
			return
		}
		if v != "" {
			break
		}
	}
	_ = os.Setenv("LC_ALL", "C.UTF-8") // an environment that cannot be set leaves input as it was
}

// systemLang is the language of the screens when nobody has chosen: Chinese unless the system is set to another.
func systemLang() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		v := strings.ToLower(os.Getenv(name))
		if v == "" || strings.HasPrefix(v, "c") || v == "posix" {
			continue
		}
		if !strings.HasPrefix(v, "zh") {
			return "en"
		}
		break
	}
	return "zh"
}
