package transforms

import "slices"

// teardownNames are the methods that people, libraries and frameworks call when
// an object's life ends, the most final first: where a class has several, the
// first is completed.
var teardownNames = []string{
	"[Symbol.asyncDispose]", "[Symbol.dispose]",
	"ngOnDestroy", "componentWillUnmount", "disconnectedCallback", "hostDisconnected", "onModuleDestroy", "onApplicationShutdown",
	"beforeDestroy", "beforeUnmount", "destroyed", "unmounted", "onunload", "onUnload", "onRemove", "removeHooks", "disposeInternal", "_destroy",
	"dispose", "destroy", "close", "shutdown", "teardown", "tearDown", "terminate", "disconnect", "disconnected", "stop", "end", "cleanup", "cleanUp",
	"dismount", "unmount", "detach", "deactivate", "release", "quit", "kill", "finalize", "remove",
}

func isTeardown(name string) bool { return slices.Contains(teardownNames, name) }

// Vocabulary lists the names that the kinds' patterns and the teardowns are
// recognised by: what a project calls these is not its own choice.
func Vocabulary(kinds []*Kind) []string {
	out := slices.Clone(teardownNames)
	for _, k := range kinds {
		out = append(out, k.Over...)
		for _, a := range k.Acquire {
			out = append(out, a.Pattern.Names...)
			out = append(out, a.Types...)
		}
		for _, r := range k.Release {
			out = append(out, r.Pattern.Names...)
		}
	}
	return out
}
