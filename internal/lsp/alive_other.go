//go:build !unix

package lsp

// alive is not known here: the end of standard input tells the same.
func alive(int) bool { return true }
