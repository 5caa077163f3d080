package settings

import (
	"net/mail"
	"slices"
	"strings"
)

var phaseNames = []string{"critical", "high", "medium"}

// table is every key there is: what is checked, the commented file and the JSON
// schema are made of it.
func table() []field {
	return []field{
		{"kinds", "Which kinds of resources are looked for; `unleak kinds` lists them. A list in\nplace of the keys is a list of files.", "", listOr(inside(),
			field{"only", "Nothing but these.", "[]", listOf(kindName())},
			field{"off", "All but these.", "[]", listOf(kindName())},
			field{"files", "Kinds of the project's own: files, or folders of them.", "[]", listOf(inside())},
		)},
		{"paths", "", "", keys(
			field{"exclude", "Globs of paths to leave out, relative to this file; ** crosses folders.", "[]", listOf(glob())},
		)},
		{"phases", "Kinds and the phase that they belong to, as in `interval: high`.", "{}", phasesOfKinds()},
		{"baseline", "A file that `unleak baseline` saved: only what it does not have is reported.", ".unleak-baseline.json", inside()},
		{"tracking", "Where a class keeps what it must release.", "auto", oneOf("auto", "field", "set")},
		{"style", "How code is written, where the file does not say.", "", keys(
			field{"private", "How a new private field is written: `private x` or `#x`.", "auto", oneOf("auto", "modifier", "hash")},
			field{"using", "Declare by `using` what a block releases, where the project can read that.", "false", boolean()},
		)},
		{"limits", "How large what is offered a bound may become.", "", keys(
			field{"cache", "The most entries that a collection keeps of what can be made again.", "1000", count(1)},
		)},
		{"offers", "Look for offers, too: changes worth a thought where nothing leaks.", "false", boolean()},
		{"include-tests", "Look at tests, too.", "false", boolean()},
		{"include-scripts", "Look at build scripts, configuration and examples, too.", "false", boolean()},
		{"pull-requests", "What `unleak pr` proposes, and how.", "", keys(pullRequests()...)},
	}
}

func pullRequests() []field {
	person := func(s string) bool {
		a, err := mail.ParseAddress(s)
		return err == nil && a.Name != "" && a.Address != ""
	}
	anything := func(string) bool { return true }
	return []field{
		{"base", "The branch that pull requests go to, instead of the default branch. This key\nis read on the default branch, all others on the base.", "main", text("the name of a branch", IsBranch)},
		{"remote", "The name of the remote that is pushed to. No address can stand here.", "origin", text("the name of a remote", isRemote)},
		{"phases", "The phases that are proposed.", "[critical, high, medium]", listOf(oneOf(phaseNames...))},
		{"unsafe", "Propose the fixes, too, that need a person's yes; the text of the pull request\nasks the questions.", "false", boolean()},
		{"commits", "One commit for each fix, or for each package.", "fix", oneOf("fix", "package")},
		{"split", "A pull request for each phase (none), or in it for each package, or for the\nfiles of each owner in CODEOWNERS.", "none", oneOf("none", "package", "owner")},
		{"max-files", "The most files that one pull request changes; larger ones are cut. 0: no limit.", "0", count(0)},
		{"prefix", "What the names of branches begin with.", "unleak/", text("the beginning of a branch's name, such as unleak/", isPrefix)},
		{"scope", "A word behind the prefix, to keep apart several runs over one repository.", "web", text("one word of letters, digits and -", isScope)},
		{"via", "How branches get there: `git push`'s protocol, or GitHub's API.", "push", oneOf("push", "api")},
		{"fork", "Push to a fork: where pushing is not allowed (auto), never or always.", "auto", oneOf("auto", "never", "always")},
		{"draft", "Open pull requests as drafts.", "false", boolean()},
		{"auto-merge", "Ask GitHub to merge once all checks have passed.", "false", boolean()},
		{"merge-method", "How GitHub merges then.", "merge", oneOf("merge", "squash", "rebase")},
		{"labels", "Labels for pull requests.", "[]", listOf(text("the name of a label", anything))},
		{"missing-labels", "What to do about labels that do not exist.", "create", oneOf("create", "leave-out")},
		{"reviewers", "Who is asked for a review.", "[]", listOf(text("a user name", isUser))},
		{"team-reviewers", "Teams that are asked for a review, without the organisation.", "[]", listOf(text("the name of a team", isUser))},
		{"assignees", "Who is assigned.", "[]", listOf(text("a user name", isUser))},
		{"milestone", "The title of a milestone.", "Spring", text("the title of a milestone", anything)},
		{"author", "Who the commits are by, instead of who runs unleak.", "Ada <ada@example.org>", text("a name and an address, as in Ada <ada@example.org>", person)},
		{"sign-off", "End messages with Signed-off-by.", "false", boolean()},
		{"sign", "Sign commits with the SSH key that git's configuration, or --signing-key, names.", "false", boolean()},
		{"limits", "How much may be asked of people and of the machines that check pull requests.", "", keys(
			field{"open", "The most pull requests that are open at a time. 0: no limit.", "0", count(0)},
			field{"per-hour", "The most pull requests that are opened in an hour. 0: no limit.", "0", count(0)},
		)},
	}
}

// IsBranch reports whether git takes s for the name of a branch, and no option,
// and all file systems can hold it.
func IsBranch(s string) bool {
	if s == "" || len(s) > 200 || strings.HasPrefix(s, "-") || s == "HEAD" || strings.Contains(s, "..") {
		return false
	}
	for _, part := range strings.Split(s, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !isWord(r) && r != '/' && r != '.' && r != '+' && r != '@' && r != '#' }) &&
		!strings.Contains(s, "@{")
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// isPrefix is what a branch's name can begin with: with a phase behind it, it is one.
func isPrefix(s string) bool { return len(s) <= 100 && IsBranch(s+"critical") }

func isScope(s string) bool {
	return len(s) <= 50 && !slices.Contains(phaseNames, s) && isUser(s) && IsBranch(s)
}

func isRemote(s string) bool { return IsBranch(s) && !strings.ContainsAny(s, "@#+") }

// isUser is what GitHub allows in names of users and teams.
func isUser(s string) bool {
	return !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(r rune) bool { return !isWord(r) })
}
