// Package mount holds the tests that mount and unmount the components of the examples,
// before and after their fix, with the frameworks as they are published, and count what
// is alive. harness.cjs does that in one process for all of them; page.cjs is the page,
// and each framework has an adapter, HOST.cjs.
package mount
