package transforms

import "testing"

// TestMayGive: a file is parsed for what one of its functions returns only where that may be
// something to end.
func TestMayGive(t *testing.T) {
	for src, want := range map[string]bool{
		"export function f() { return open(); }":                                                    true,
		"export function f(): Browser { return open(); }":                                           true,
		"export function f(): Promise<{ a: 1 }> { open(); }":                                        true, // not sure
		"export function f(): { a: 1 } { open(); }":                                                 true,
		"export function f() { open(); }":                                                           false,
		"export async function f<T>(a: { b: T } = {}): Promise<void> { a.b(); }":                    false,
		"export function f(): string | undefined { return open().name; }":                           false,
		"export function f(): Promise<void> { return new Promise((done) => setTimeout(done, 9)); }": true,
		"export function f(a): a is string { return open(a); }":                                     true, // not sure
		"export function f() { if (a) return; open(); return }":                                     false,
		"export function f() { all(() => { return 1; }); }":                                         true,
		"export function* f() { yield open(); }":                                                    true,
		"export const f = () => { open(); };":                                                       false,
		"export const f = (a: string): void => { return open(a); };":                                false,
		"export const f = async (a: string) => { return open(a); };":                                true,
		"export const f = () => open();":                                                            true,
		"export const f = () => ({ a: open() });":                                                   true,
		"export const f = wrap(() => { open(); });":                                                 true,
		"export const f = (open(), function () { close(); });":                                      true,
		"export default function f() { open(); }":                                                   true, // not sure
		"export function f(a: string): void; export function f(a) { return open(a); }":              true,
		"function f() { open(); } export { g as f };":                                               true,
		"export { f } from './f'; // export function f() { }":                                       true,
		"export function f() { open(); } a /* not sure":                                             true,
		"export class A { f() { } }":                                                                true,
	} {
		if got := mayGive([]byte(src), "f"); got != want {
			t.Errorf("%q: %v", src, got)
		}
	}
}
