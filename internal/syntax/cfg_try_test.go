package syntax

import (
	"slices"
	"testing"
)

func TestGraphTry(t *testing.T) {
	runGraphTests(t, []graphTest{
		{"catch goes on", "open(); try { work(); } catch (e) { } close();", nil},
		{"catch returns", "open(); try { work(); } catch (e) { return; } close();", []string{"exit return;"}},
		{"catch throws again", "open(); try { work(); } catch (e) { throw e; } close();", []string{"throw throw e;"}},
		{"catch throws by itself", "open(); try { work(); } catch (e) { log(); } close();", []string{"throw log()"}},
		{"catch pays too", "open(); try { work(); close(); } catch (e) { close(); }", nil},
		{"only catch pays", "open(); try { safe(); } catch (e) { close(); }", []string{"exit safe()"}},
		{"try pays, catch does not", "open(); try { work(); close(); } catch (e) { safe(); }", []string{"exit safe()"}},
		{"throw into the own catch", "open(); try { throw a; } catch (e) { close(); }", nil},
		{"return out of try", "open(); try { return; } catch (e) { close(); }", []string{"exit return;"}},
		{"inner catch stops it", "open(); try { try { work(); } catch { } close(); } catch { safe(); }", nil},
		{"outer catch gets what the inner lets go", "open(); try { try { work(); } catch (e) { throw e; } } catch { close(); return; } close();", nil},
		{"catch that nothing reaches", "open(); try { safe(); } catch { return; } close();", nil},
		{"open in try", "try { open(); work(); close(); } catch { }", []string{"exit catch { }"}},
		{"destructured error", "open(); try { work(); } catch ({ message }) { close(); return; } close();", nil},

		{"finally pays", "open(); try { work(); } finally { close(); }", nil},
		{"finally does not", "open(); try { work(); } finally { safe(); }", []string{"exit safe()", "throw safe()"}},
		{"return through finally", "open(); try { return; } finally { close(); }", nil},
		{"return value through finally", "open(); try { return work(); } finally { close(); }", nil},
		{"throw through finally", "open(); try { throw e; } finally { close(); }", nil},
		{"return through a finally that does not pay", "open(); try { return; } finally { safe(); } close();", []string{"exit safe()"}},
		{"only falling in goes on", "open(); try { safe2(); } finally { safe(); } close();", nil},
		{"error goes on behind finally", "open(); try { work(); } finally { safe(); } close();", []string{"throw safe()"}},
		{"finally throws before it pays", "open(); try { } finally { work(); close(); }", []string{"throw work()"}},
		{"finally pays before it throws", "open(); try { work(); } finally { close(); work2(); }", nil},
		{"finally pays sometimes", "open(); try { work(); } finally { if (a) close(); }", []string{"exit a", "throw a"}},
		{"finally that returns swallows", "open(); try { throw e; } finally { return; }", []string{"exit return;"}},
		{"finally returns over a return", "open(); try { return 1; } finally { close(); return 2; }", nil},
		{"between open and try", "open(); work(); try { } finally { close(); }", []string{"throw work()"}},
		{"open in try with finally", "try { open(); work(); } finally { close(); }", nil},
		{"empty finally", "open(); try { work(); } finally { } close();", []string{"throw work()"}},
		{"empty finally, return", "open(); try { return; } finally { } close();", []string{"exit return;"}},

		{"catch and finally", "open(); try { work(); } catch (e) { log(); } finally { close(); }", nil},
		{"return from catch through finally", "open(); try { work(); } catch (e) { return; } finally { close(); }", nil},
		{"throw from catch through finally", "open(); try { work(); } catch (e) { throw e; } finally { close(); }", nil},
		{"catch stops before finally", "open(); try { work(); } catch (e) { } finally { safe(); } close();", nil},

		{"nested finally, inner pays", "open(); try { try { return; } finally { close(); } } finally { safe(); }", nil},
		{"nested finally, outer pays", "open(); try { try { return; } finally { safe(); } } finally { close(); }", nil},
		{"nested finally, error in the inner", "open(); try { try { return; } finally { work(); } } finally { close(); }", nil},
		{"nested finally, none pays", "open(); try { try { return; } finally { safe(); } } finally { safe2(); } close();", []string{"exit safe2()"}},
		{"finally within finally", "open(); try { work(); } finally { try { work2(); } finally { close(); } }", nil},
		{"one release may prevent the next", "open(); try { } finally { other(); close(); }", []string{"throw other()"}},
		{"each in its own try", "open(); try { } finally { try { other(); } finally { close(); } }", nil},

		{"break through finally", "open(); for (;;) { try { break; } finally { close(); } }", nil},
		{"break through a finally that does not pay", "open(); for (;;) { try { break; } finally { safe(); } }", []string{"exit safe()"}},
		{"break goes on behind the loop", "open(); for (;;) { try { break; } finally { safe(); } } close();", nil},
		{"continue through finally", "open(); while (a) { try { continue; } finally { close(); } }", []string{"exit a"}},
		{"continue ends at the condition", "open(); do { try { continue; } finally { safe(); } } while (a); close();", nil},
		{"labelled break through two", "open(); a: for (;;) { try { for (;;) { try { break a; } finally { safe(); } } } finally { close(); } }", nil},
		{"labelled break, none pays", "open(); a: for (;;) { try { for (;;) { try { break a; } finally { safe(); } } } finally { safe2(); } }", []string{"exit safe2()"}},
		{"break inside the try only", "open(); try { for (;;) { break; } } finally { close(); }", nil},
	})
}

// What goes on behind a finally block as an error is told from an error of its own.
func TestGraphResumed(t *testing.T) {
	tests := []struct {
		name, body string
		want       []string
	}{
		{"error before", "open(); try { work(); } finally { safe(); }", []string{"resumed"}},
		{"error of its own", "open(); try { safe(); } finally { work(); }", []string{"own"}},
		{"both", "open(); try { work(); } finally { work2(); }", []string{"own", "resumed"}},
		{"none", "open(); try { safe(); } finally { safe2(); }", nil},
		{"outside of any", "open(); work();", []string{"own"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := map[string]bool{}
			waysOf(t, "function f() {\n", tt.body, func(e Edge) bool {
				if e.To == Raise {
					if !e.Throw {
						t.Error("an edge leads to the error exit and is no throw")
					}
					seen[map[bool]string{true: "resumed", false: "own"}[e.Resumed]] = true
				} else if e.Resumed {
					t.Error("an error goes on, but not to the error exit")
				}
				return true
			})
			var got []string
			for _, k := range []string{"own", "resumed"} {
				if seen[k] {
					got = append(got, k)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s\nraises %q, want %q", tt.body, got, tt.want)
			}
		})
	}
}

// TestWaysOutOfFinally: an error from before a finally block and one of its own
// leave it at the same point, and are told apart.
func TestWaysOutOfFinally(t *testing.T) {
	f := mustParse(t, "a.ts", "function f() { try { work(); } finally { end(); } }")
	g := BuildGraph(f.Root().Child(0), func(n Node) bool { return n.Is("call_expression") })
	resumed := map[bool]int{}
	for _, way := range g.Ways([]int{Entry}, func(int) bool { return false }, func(Edge) bool { return true }) {
		if way.Raised {
			resumed[way.Resumed]++
		}
	}
	// end() stands there twice: after work(), and after its error.
	if resumed[true] != 1 || resumed[false] != 2 {
		t.Errorf("%d ways go on with an error, %d begin one; want 1 and 2", resumed[true], resumed[false])
	}
}
