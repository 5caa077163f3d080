package transforms

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A component that is told by an options object is an instance like that of a class, but
// its end comes whether it has a teardown or not: Vue calls one that is added. How that is
// called depends on the release.

// endsOf2 and endsOf3 are the hooks at the end of a component, by the release of Vue; the
// first is written.
var (
	endsOf2 = []string{"beforeDestroy", "destroyed"}
	endsOf3 = []string{"beforeUnmount", "unmounted"}
)

// hides are hooks that take a component out of sight: what they release is taken back
// by whoever wrote them knowing that.
var hides = []string{"deactivated", "beforeRouteLeave"}

// begins are the hooks that run once for each instance.
var begins = []string{"beforeCreate", "created", "beforeMount", "mounted"}

// findHooks is findTeardown for an options object.
func (s *scan) findHooks(in *instance) {
	in.hosted, in.whole = true, true
	ends := s.endHooks(in)
	in.teardown = &teardown{}
	if len(ends) > 0 {
		in.teardown.name = ends[0]
	}
	for _, name := range ends {
		m, ok := in.option(name)
		if fn := m.Function(); ok && fn.OK() && fn.Within(in.class.Node) && !fn.IsArrow() && !in.teardown.own.OK() {
			in.teardown = &teardown{name: name, own: fn, async: isAsync(fn)}
		}
	}
	for _, name := range slices.Concat(ends, hides) {
		if m, ok := in.option(name); ok {
			in.ends = append(in.ends, m.Function())
		}
	}
	in.mixins = s.mixinsOf(in.class.Node, mixinHops)
	for _, m := range in.mixins {
		in.ends = append(in.ends, functionsNamed(m, slices.Concat(ends, hides)...)...)
	}
	for n := range codeOf(in.class.Node) { // this.$once('hook:beforeDestroy', ..)
		callee := n.Field("function").Inner(false)
		if name := callee.Field("property").Text(); !n.Is("call_expression") || name != "$once" && name != "$on" || !callee.Field("object").IsThis() {
			continue
		}
		event, _ := n.Field("arguments").Child(0).StringValue()
		if hook, ok := strings.CutPrefix(event, "hook:"); ok && slices.Contains(ends, hook) {
			in.ends = append(in.ends, s.functionsIn(in, n.Field("arguments").Child(1))...)
		}
	}
}

// option is the property of an options object of that name.
func (in *instance) option(name string) (syntax.Member, bool) {
	for _, m := range in.members {
		if m.Name == name && m.Node.Parent() == in.class.Node {
			return m, true
		}
	}
	return syntax.Member{}, false
}

// ended reports whether an instance has an end that something of it can be released in:
// a teardown of its own, or one that would be called if it were there.
func (in *instance) ended() bool {
	return in.teardown != nil && (in.teardown.own.OK() || in.hosted)
}

// endHooks are the hooks at the end of a component that are called by the release of Vue
// that the project uses, the ones for both where that cannot be told.
func (s *scan) endHooks(in *instance) []string {
	release := s.vueRelease()
	if in.isExtended() {
		release = 2
	}
	switch release {
	case 2:
		return endsOf2
	case 3:
		return endsOf3
	}
	for _, name := range endsOf2 {
		if _, has := in.option(name); has {
			return slices.Concat(endsOf2, endsOf3)
		}
	}
	for _, name := range endsOf3 {
		if _, has := in.option(name); has {
			return slices.Concat(endsOf3, endsOf2)
		}
	}
	return nil
}

// isExtended reports whether an options object is what another component, or Vue itself, is
// extended by: Base.extend({ .. }). Vue 3 has no such call, whatever a package says that is
// on its way there.
func (in *instance) isExtended() bool {
	args := in.class.Node.Outer().Parent()
	callee := args.Parent().Field("function").Inner(false)
	return args.Is("arguments") && callee.Is("member_expression") && callee.Field("property").Text() == "extend"
}

// vueMarks are packages whose release tells that of Vue: the least major release that
// goes with Vue 3. Below that they go with Vue 2.
var vueMarks = []struct {
	name  string
	since int
}{
	{"vue", 3}, {"nuxt", 3}, {"vue-router", 4}, {"vuex", 4}, {"quasar", 2}, {"vuetify", 3}, {"vue-i18n", 9}, {"@vue/test-utils", 2}, {"vue-loader", 16},
	{"@vue/composition-api", 100}, {"vue-template-compiler", 100}, {"element-ui", 100}, {"element-plus", 0}, {"@vue/runtime-dom", 3}, {"@vue/runtime-core", 3}, {"@vue/compiler-sfc", 3},
}

// vueRelease is the major release of Vue that a file is written for: 2 or 3, 0 where both
// may be, or it cannot be told.
func (s *scan) vueRelease() int {
	for dir := path.Dir(s.f.Path); ; dir = path.Dir(dir) {
		pkg := s.Project.PackageOf(path.Join(dir, "package.json"))
		if pkg == nil {
			break
		}
		if release, told := releaseBy(pkg.Dependencies); told {
			return release
		}
		if dir = pkg.Dir; dir == "." || dir == "/" {
			break
		}
	}
	for _, b := range s.f.Blocks() {
		if b.Instance && strings.HasSuffix(s.f.Path, ".vue") {
			return 3
		}
	}
	return 0
}

func releaseBy(dependencies map[string]string) (release int, told bool) {
	if _, both := dependencies["@vue/compat"]; both {
		return 0, true
	}
	if _, both := dependencies["vue-demi"]; both {
		return 0, true
	}
	for _, mark := range vueMarks {
		rng, ok := dependencies[mark.name]
		if !ok {
			continue
		}
		least, known := project.Least(rng)
		switch {
		case mark.since == 0:
			return 3, true
		case mark.since == 100:
			return 2, true
		case !known:
			continue
		case least[0] >= mark.since:
			return 3, true
		case strings.Contains(rng, "||") || strings.HasPrefix(strings.TrimSpace(rng), ">"):
			return 0, true
		}
		return 2, true
	}
	return 0, false
}

// oncePerInstance reports whether a function of an options object runs once for each
// instance: a hook at its beginning, a method that only one of those calls, what they
// have called once.
func (s *scan) oncePerInstance(in *instance, fn syntax.Node, hops int) bool {
	_, member := fn.ThisClass()
	if !fn.OK() || hops == 0 {
		return false
	}
	if syntax.FunctionOf(member) != fn {
		call := callAround(fn)
		return (isInline(fn) || soonAndOnce[calleeName(call)]) && !repeats(call, fn.Function()) && s.oncePerInstance(in, fn.Function(), hops-1)
	}
	name := syntax.MemberName(member)
	if member.Parent() == in.class.Node {
		return slices.Contains(begins, name)
	}
	if s.inMarkup(name) {
		return false
	}
	calls := in.refs[name]
	if len(calls) != 1 || calls[0].Outer().Parent().Field("function").Inner(false) != calls[0] || repeats(calls[0], calls[0].Function()) {
		return false
	}
	return s.oncePerInstance(in, calls[0].Function(), hops-1)
}

// soonAndOnce are functions that call what they are given once, and soon.
var soonAndOnce = map[string]bool{"$nextTick": true, "nextTick": true, "then": true, "finally": true, "requestAnimationFrame": true, "setTimeout": true}

// repeats reports whether n runs several times in one call of the function around it.
func repeats(n, fn syntax.Node) bool {
	for p := n.Parent(); p.OK() && p != fn; p = p.Parent() {
		if p.Is("for_statement", "for_in_statement", "while_statement", "do_statement") {
			return true
		}
		if p.IsFunction() && callAround(p).OK() && loopers[calleeName(callAround(p))] {
			return true
		}
	}
	return false
}

var loopers = map[string]bool{"forEach": true, "map": true, "each": true, "filter": true, "some": true, "every": true, "reduce": true}

// inMarkup reports whether a name is mentioned in a component file outside of its scripts.
func (s *scan) inMarkup(name string) bool { return s.f.Component() && namesWord(outside(s.f), name) }

// namesWord reports whether a word stands in a text.
func namesWord(text []byte, word string) bool { return wordIn(text, word) >= 0 }

// wordIn is where a word stands first that is no part of a longer one, -1 for nowhere.
func wordIn(text []byte, word string) int {
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(word))
		if i < 0 || word == "" {
			return -1
		}
		start := at + i
		at = start + len(word)
		if (start == 0 || !isNameByte(text[start-1])) && (at == len(text) || !isNameByte(text[at])) {
			return start
		}
	}
}

func isNameByte(b byte) bool { return b >= 0x80 || isWordByte(b) }

// judgeOnceHosted says what comes of a one-shot of a component: it ends by itself, and most
// often soon. A loop does not.
func (s *scan) judgeOnceHosted(o *Obligation, in *instance) bool {
	view := in.host != nil && in.host.view
	if !in.hosted && !view || !o.Kind.OneShot {
		return false
	}
	if o.told = s.toldOnce(o, in); o.told {
		return false
	}
	if view && in.host != &controllers && o.Handle.Place == InField && in.teardown.own.OK() && !s.isBrief(o) {
		return false // who keeps it, and ends other things, can end it
	}
	if loop := s.loopOf(o); loop.OK() && s.isEndless(o, loop) && (o.Handle.Place == InField || o.Handle.Place == Discarded) {
		return false
	}
	o.Status, o.Form = Met, nil
	o.step(o.Call, "met: ends by itself, and soon")
	return true
}

// lastsBeyond says how long something lasts that a component has by a name of the
// framework's, or finds in the page.
func lastsBeyond(key string) stay {
	if strings.HasPrefix(key, "this.$") && !strings.Contains(key, "(") && !partOf(key) {
		return lastingStay
	}
	return unknownStay // what it looks up may be its own
}

// partOf reports whether something is a part of a component, given the place where that
// has it.
func partOf(key string) bool {
	root, _, _ := strings.Cut(strings.TrimPrefix(key, "this."), ".")
	return partOfItself[root]
}

// partOfItself are properties of an instance of Vue that end with it.
var partOfItself = map[string]bool{
	"$refs": true, "$el": true, "$children": true, "$slots": true, "$scopedSlots": true, "$data": true, "$props": true, "$attrs": true, "$listeners": true,
	"$parent": true, "$vnode": true, "$options": true,
}

// componentName is that of a component: the one that it tells, else that of its file.
func componentName(object syntax.Node) string {
	for c := range object.Children() {
		if name, ok := c.Field("value").StringValue(); ok && syntax.MemberName(c) == "name" {
			return name
		}
	}
	if f := object.File(); f.Component() || object.Outer().Parent().Is("export_statement") {
		return strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path))
	}
	if name := keptAs(object); name != "" {
		return name
	}
	return "component"
}

// isRootFile reports whether a component file is, by its name, that of the root of an
// application.
func isRootFile(f *syntax.File) bool {
	return f.Component() && slices.Contains([]string{"App", "app"}, strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path)))
}
