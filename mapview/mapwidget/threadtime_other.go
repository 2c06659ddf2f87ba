//go:build !linux

package mapwidget

import "time"

// threadTime is not known here.
func threadTime() time.Duration { return 0 }
