package transforms

import "testing"

// TestMayDeclare: only what may be a declaration of a method or a call counts, not what the
// word is in prose.
func TestMayDeclare(t *testing.T) {
	for text, want := range map[string]bool{
		"close() {}": true, "close = () => {}": true, "C.prototype.close = function () {}": true, "{ close }": true, "{ close, open }": true,
		"'close'() {}": true, "['close']() {}": true, "close<T>() {}": true, "close?(): void": true, "close /* it */ () {}": true, "close: end": true,
		"this.close();": false, "// it is time to close the door": false, "closed() {}": false, "disclose() {}": false, "#close() {}": true, "": false, "close": false,
	} {
		if got := mayDeclare([]byte(text), "close"); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]bool{
		"connect(1)": true, "this.connect?.(1)": true, "connect<T>()": true, "(connect)()": true, "connect!()": true,
		"to connect them": false, "reconnect(1)": false, "connected(1)": false, "{ connect }": false,
	} {
		if got := mayCall([]byte(text), "connect"); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
