package main

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
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

// checkDisplay says in words that there is no screen to open a window on, which the window toolkit panics about.
func checkDisplay() error {
	if runtime.GOOS != "linux" {
		return nil
	}
	name := os.Getenv("DISPLAY")
	if name == "" {
		return fmt.Errorf("there is no display here (DISPLAY is not set): %w", block.ErrUnavailable)
	}
	network, address, err := displayAddress(name)
	if err != nil {
		return err
	}
	conn, err := net.DialTimeout(network, address, 5*time.Second)
	if err != nil && network == "unix" { // some servers listen in the abstract name space only
		conn, err = net.DialTimeout(network, "@"+address, 5*time.Second)
	}
	if err != nil {
		return fmt.Errorf("the display %s does not answer: %w", name, block.ErrUnavailable)
	}
	return conn.Close()
}

// displayAddress is where the X server of a display such as ":0", ":0.1" or "host:10" listens.
func displayAddress(name string) (network, address string, err error) {
	at := strings.LastIndexByte(name, ':')
	number, _, _ := strings.Cut(name[at+1:], ".")
	n, err := strconv.ParseUint(number, 10, 15)
	if at < 0 || err != nil {
		return "", "", fmt.Errorf("DISPLAY %q names no display: %w", name, block.ErrInvalid)
	}
	if host := name[:at]; host != "" && host != "unix" && !strings.Contains(host, "/") {
		return "tcp", net.JoinHostPort(host, strconv.FormatUint(6000+n, 10)), nil
	}
	return "unix", fmt.Sprintf("/tmp/.X11-unix/X%d", n), nil
}
