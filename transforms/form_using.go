package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// What `using` needs of a project.
var (
	compilerWithUsing = project.Version{5, 2}  // of TypeScript
	nodeWithUsing     = project.Version{24}    // that parses it
	nodeWithDispose   = project.Version{20, 4} // that has Symbol.dispose, for what a compiler makes of it
)

const notUsing = "using is not possible here: "

// NotUsing returns the note that says why a fix is not written with `using`,
// where that was asked for; "" if it is.
func (f *Fix) NotUsing() string {
	for _, n := range f.Notes {
		if strings.HasPrefix(n.Text, notUsing) {
			return n.Text
		}
	}
	return ""
}

// declareUsing lets the declaration of the handle release it,
//
//	await using h = await acquire();
//
// and takes the old releases out. Where that cannot be, it wraps the rest of
// the block as ever, and notes why.
func (s *scan) declareUsing(p *Plan, o *Obligation) (*Fix, *Refusal) {
	keyword, why := s.usingFor(o, p.Owner.Node)
	if why != "" {
		fix, no := s.wrapRest(p, o)
		if no != nil {
			return nil, no
		}
		fix.Notes = append(fix.Notes, Note{Safe, notUsing + why})
		return fix, nil
	}
	at, no := s.remainderOf(p, o)
	if no != nil {
		return nil, no
	}
	fix := &Fix{Plan: p, Notes: at.notes, Message: fmt.Sprintf("Release the %s on every way out", o.Kind.Noun)}
	if _, no := s.removeReleases(o, fix, at.rest); no != nil {
		return nil, no
	}
	s.emptyFinallys(o, fix)
	if no := s.awaitReturns(o, p.Owner.Node, at.rest, fix); no != nil {
		return nil, no
	}
	if o.Kind.Fails != Never {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("where both fail, a SuppressedError is thrown that holds both errors: does whoever catches it look for that of the work with the %s?", o.Kind.Noun)})
	}
	switch {
	case at.release.Done:
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the release of the %s is waited for from now on, and may fail where it was released before", o.Kind.Noun)})
	case keyword != "using" && o.Kind.Fails != Rejects:
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the release of the %s is waited for from now on", o.Kind.Noun)})
	}
	word := declarationOf(o).First() // const, let
	fix.Edits = append(fix.Edits, patch.Edit{Start: word.Start(), End: word.End(), New: keyword})
	return fix, nil
}

// usingFor returns what the handle can be declared by, or why it cannot.
func (s *scan) usingFor(o *Obligation, home syntax.Node) (keyword, why string) {
	if o.Kind.Registers() {
		return "", fmt.Sprintf("a %s has no handle to declare", o.Kind.Noun)
	}
	d := o.Kind.Disposal
	switch {
	case !d.Sync && !d.Async:
		return "", fmt.Sprintf("the %s is not disposable", o.Kind.Noun)
	case d.Async && home.IsAsync():
		keyword = "await using"
	case d.Sync:
		keyword = "using"
	default:
		return "", fmt.Sprintf("the %s is disposed of asynchronously, and %s is not async", o.Kind.Noun, nameOf(home))
	}
	for _, ask := range []func(*Obligation) string{s.notDeclared, releasedOtherwise, s.notInLanguage, s.notDisposable, s.unused} {
		if why := ask(o); why != "" {
			return "", why
		}
	}
	return keyword, ""
}

// declarationOf is the statement that declares the handle.
func declarationOf(o *Obligation) syntax.Node { return o.Handle.Symbol.Node.Parent().Parent() }

// notDeclared says why a declaration is not just one of the handle with the
// acquisition as its value.
func (s *scan) notDeclared(o *Obligation) string {
	sym := o.Handle.Symbol
	name, list := sym.Node.Parent(), declarationOf(o)
	if !list.Is("lexical_declaration") || !o.Call.Within(name.Field("value")) {
		return fmt.Sprintf("%s is not declared by const where it is acquired", sym.Name)
	}
	for n := o.Call; n != name; n = n.Parent() {
		if !n.Is("await_expression", "call_expression", "new_expression", "member_expression", "parenthesized_expression", "non_null_expression") {
			return fmt.Sprintf("%s is declared with more than the %s", sym.Name, o.Kind.Noun)
		}
	}
	switch {
	case list.Len() != 1:
		return fmt.Sprintf("%s is declared together with others", sym.Name)
	case strings.Contains(string(s.f.Src()[list.Start():sym.Node.Start()]), "\n"):
		return fmt.Sprintf("%s stands on another line than its const", sym.Name)
	}
	return ""
}

func originOf(t syntax.Type) syntax.Origin {
	if t.Module == "" {
		return syntax.Origin{Module: "?"} // and no global
	}
	return syntax.Origin{Module: t.Module, Path: t.Path}
}

// releasedOtherwise: by using, only the first release can be meant.
func releasedOtherwise(o *Obligation) string {
	for _, call := range o.releases {
		if _, ok := o.Kind.Release[0].Pattern.MatchCallee(call, nil); !ok {
			line, _ := o.File.Position(call.Start())
			return fmt.Sprintf("line %d releases the %s in another way", line, o.Kind.Noun)
		}
	}
	return ""
}

// notDisposable says why the library's object may not be disposable.
func (s *scan) notDisposable(o *Obligation) string {
	module, ok := moduleOf(o)
	if !ok {
		return fmt.Sprintf("it cannot be seen which library the %s is of", o.Kind.Noun)
	}
	since, known := o.Kind.Disposal.since(module)
	if !known {
		return fmt.Sprintf("the %s of %s is not disposable", o.Kind.Noun, module)
	}
	if module == "" && !s.runsOnNode() {
		return fmt.Sprintf("only Node's %s is disposable, and the file may run elsewhere", o.Kind.Noun)
	}
	if !since.Node {
		return s.atLeast(packageOf(module), since.Version)
	}
	if s.f.TypeScript() {
		if why := s.atLeast("@types/node", since.Version); why != "" {
			return why
		}
	}
	return s.nodeAtLeast(since.Version, fmt.Sprintf("its %s is disposable since", o.Kind.Noun))
}

// moduleOf returns the module that an acquisition is from, "" for a global.
func moduleOf(o *Obligation) (string, bool) {
	callee := o.Call.Field("function")
	if o.Call.Is("new_expression") {
		callee = o.Call.Field("constructor")
	}
	if !o.Acquire.Pattern.Rooted() {
		callee = o.Bindings[o.Acquire.Pattern.Receiver()]
		if t := originOf(syntax.TypeOf(callee)); o.Acquire.fromModule(t) {
			return syntax.ModuleName(t.Module), true
		}
	}
	origin, ok := callee.Origin()
	return syntax.ModuleName(origin.Module), ok && o.Acquire.fromModule(origin)
}

// packageOf is the package that a module belongs to: playwright/test is one of
// playwright.
func packageOf(module string) string {
	parts := strings.SplitN(module, "/", 3)
	if strings.HasPrefix(module, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// runsOnNode: globals are those of Node, for the compiler and when it runs.
func (s *scan) runsOnNode() bool {
	if s.f.TypeScript() {
		return !s.Project.TSConfigOf(s.f.Path).DOM()
	}
	return slices.ContainsFunc(s.f.Imports().Modules, func(m string) bool { return strings.HasPrefix(m, "node:") })
}

// notInLanguage says why the project cannot read a declaration by using.
func (s *scan) notInLanguage(*Obligation) string {
	if !s.f.TypeScript() {
		return s.nodeAtLeast(nodeWithUsing, "JavaScript has using since")
	}
	if why := s.atLeast("typescript", compilerWithUsing); why != "" {
		return why
	}
	config := s.Project.TSConfigOf(s.f.Path)
	if !config.Disposes() {
		return "the lib of the TypeScript configuration has no esnext.disposable"
	}
	if config.Target == "esnext" {
		return s.nodeAtLeast(nodeWithUsing, "with target esnext it must know using, as it does since")
	}
	return s.nodeAtLeast(nodeWithDispose, "it has Symbol.dispose since")
}

// unused: the compiler may be told to refuse variables that nothing reads, and
// counts those declared by using among them.
func (s *scan) unused(o *Obligation) string {
	sym := o.Handle.Symbol
	if !s.f.TypeScript() || !s.Project.TSConfigOf(s.f.Path).NoUnusedLocals || strings.HasPrefix(sym.Name, "_") {
		return ""
	}
	for _, ref := range sym.Refs {
		if !slices.ContainsFunc(o.releases, ref.Within) {
			return ""
		}
	}
	return fmt.Sprintf("nothing else reads %s, and noUnusedLocals is on", sym.Name)
}

func (s *scan) atLeast(name string, want project.Version) string {
	got, ok := s.Project.VersionOf(s.f.Path, name)
	if !ok {
		return fmt.Sprintf("no package.json says which %s it is, and it takes %s", name, want)
	}
	if got.Less(want) {
		return fmt.Sprintf("package.json allows %s %s, and it takes %s", name, got, want)
	}
	return ""
}

func (s *scan) nodeAtLeast(want project.Version, because string) string {
	got, ok := s.Project.NodeOf(s.f.Path)
	if !ok {
		return fmt.Sprintf("no package.json says under engines which Node it is; %s %s", because, want)
	}
	if got.Less(want) {
		return fmt.Sprintf("engines.node allows Node %s; %s %s", got, because, want)
	}
	return ""
}
