// Package e2e holds the tests that drive the two headless programs as their users do: real processes over loopback, real
// files, killed at random moments. It has no code of its own. The tests run with KUAITU_E2E=1, as `make e2e` sets it.
package e2e
