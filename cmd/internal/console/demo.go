package console

import "errors"

func writeDemo(dir string) error { return errors.New("not yet joined") }
