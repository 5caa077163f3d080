package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A collection that entries are filed in under keys from outside, and that nothing
// is ever taken out of, grows for as long as it lives. It is reachable all the time,
// so nothing leaks by the definition; a bound, or a way out, is worth a thought.

// growth is a collection that only grows, and what is known of it.
type growth struct {
	collection *collection
	how        string // a clause of the sentence about it
	memo       *memo  // where an entry can be made again from its key
}

// evidenceOfCollection: the receiver is a collection of the kind's type, made where
// all that is done with it can be seen.
func (s *scan) evidenceOfCollection(c candidate, b syntax.Bindings) []string {
	at := s.collectionAt(b[c.kind.Retainer])
	if at == nil || !slices.Contains(c.acquire.Types, collectionType(at.made)) {
		return nil
	}
	return []string{fmt.Sprintf("%s is one %s from the beginning on", at.name, collectionType(at.made))}
}

// judgeGrowing: an entry is filed in a collection of the language.
func (s *scan) judgeGrowing(o *Obligation) {
	c := s.collectionAt(o.Bindings[o.Kind.Retainer])
	o.Owner = Owner{OwnerModule, nameOf(syntax.Node{}), s.f.Root()}
	if c.class.OK() {
		o.Owner = Owner{OwnerClass, nameOf(c.class), c.class}
	}
	if at, how := s.endsOf(o, c); how != "" {
		o.Status = Met
		o.step(at, "met: %s", how)
		return
	}
	g := &growth{collection: c, how: "only grows"}
	o.gist = g
	if o.Form, o.Refusal = s.limit(o, g); o.Form == nil && o.Refusal == nil {
		o.step(o.Call, "moved: taken as meant to stay")
		return
	}
	o.Standing = Offer
	s.unmet(o, NeverReleased, nil)
}

// endsOf says why a collection does not grow without end; "" where it does.
func (s *scan) endsOf(o *Obligation, c *collection) (syntax.Node, string) {
	fn := o.Call.Function()
	if i := slices.IndexFunc(c.uses, func(u collectionUse) bool { return u.how == shrinks }); i >= 0 {
		return c.uses[i].at, "entries are taken out, counted, or seen by others"
	}
	if !fn.OK() || s.runsOnce(fn) || !c.endures() && methodOf(o.Call, s.instance(c.class)).IsConstructor() {
		return o.Call, "filled once"
	}
	key := o.Bindings[o.Kind.Keyed]
	if s.keysOf(key) == fewKeys && !s.isFunction(key) {
		return key, "its keys are a finite set, as far as can be seen"
	}
	for _, other := range s.found {
		if g, ok := other.gist.(*growth); ok && other != o && other.Status == Unmet && g.collection == c {
			return other.Call, "that is said of the collection already"
		}
	}
	return syntax.Node{}, ""
}

// livesLong reports whether the instances of a class are taken to live long: there is
// one for the module, or whoever reads its decorator makes one; or other files make
// them, and they have an end of their own, as only those have that live for a while.
func (s *scan) livesLong(class syntax.Node) bool {
	for c := range class.All() {
		if c.Is("decorator") {
			return true
		}
	}
	for c := range class.Parent().All() {
		if class.Parent().Is("export_statement") && c.Is("decorator") {
			return true
		}
	}
	name := class.Field("name").Symbol()
	for _, r := range name.Mentions() {
		if p := r.Parent(); p.Is("new_expression") && p.Field("constructor") == r && (!p.Function().OK() || p.Parent().Is("assignment_expression") && p.Within(class)) {
			return true
		}
	}
	return s.instance(class).teardown != nil && isGivenAway(class)
}

// limit chooses the form that can keep a collection from growing, or says why none
// can; neither where it may be meant to grow.
func (s *scan) limit(o *Obligation, g *growth) (form, *Refusal) {
	c, key := g.collection, o.Bindings[o.Kind.Keyed]
	value, filed := o.Bindings["VALUE"]
	space := s.keysOf(key)
	switch {
	case space == objects:
		if o.Kind.Weak != "" && c.endures() && !c.does(walks, measures) && (filed || c.does(inquires)) {
			g.how = "keeps every object that it has an entry for"
			return formWeak{}, nil
		}
		return nil, nil
	case !filed && s.isFunction(key):
		if s.subscribes(o, c) {
			g.how = fmt.Sprintf("never forgets a function that %s was given", nameOf(o.Call.Function()))
			return formUnsubscribe{}, nil
		}
		return nil, nil
	case isVocabulary(key):
		return nil, nil
	}
	if !c.endures() && !s.livesLong(c.class) {
		return nil, nil
	}
	lookups := s.lookupsBeside(o)
	value = value.Inner(true)
	switch {
	case !filed && len(lookups) > 0 && identifies(key):
		return nil, refuse(EntriesMatter, "what is forgotten is taken for new when it comes again")
	case !filed:
		return nil, nil
	case counts(value, lookups):
		return nil, refuse(EntriesMatter, "a count that is forgotten begins anew")
	case space == freshKeys:
		return nil, refuse(EntriesMatter, "every call files another entry, and whoever has its key counts on finding it: take it out when it is done with")
	}
	m, why := s.memoOf(o, lookups)
	switch {
	case why != "" && !worthIt(o, c, m, why):
		return nil, nil
	case why != "":
		return nil, refuse(EntriesMatter, "%s", why)
	case m == nil && !isCache(c.name):
		return nil, nil
	case m == nil:
		return nil, refuse(EntriesMatter, "where an entry is asked for, it cannot be seen how it would be made again")
	}
	if at, asked := c.askedElsewhere(o.Call.Function()); asked {
		if !isCache(c.name) && !identifies(key) {
			return nil, nil // a register, perhaps
		}
		line, _ := s.f.Position(at.Start())
		return nil, refuse(EntriesMatter, "line %d counts on what was filed here", line)
	}
	if o.Kind.Oldest == nil || o.Kind.Size == nil {
		return nil, refuse(TooEntangled, "%s does not tell which entry is the oldest: a Map does", collectionType(c.made))
	}
	g.memo = m
	return formBound{}, nil
}

// worthIt reports whether it is worth a word that a memo of what has a state of its own
// only grows: the life of each could end, as its key says. Groups of things by a key
// are an index, and mostly as large as what is indexed.
func worthIt(o *Obligation, c *collection, m *memo, why string) bool {
	if why == givenText {
		return isCache(c.name)
	}
	if isGroup(m.made) {
		return c.endures() && (identifies(o.Bindings[o.Kind.Keyed]) || isCache(c.name))
	}
	return c.endures() || identifies(o.Bindings[o.Kind.Keyed])
}

// isGroup: an empty collection, for others to file in.
func isGroup(made []syntax.Node) bool {
	return len(made) == 1 && collectionType(made[0].Inner(true)) != ""
}

// isCache reports whether a collection is called so.
func isCache(name string) bool {
	for _, w := range wordsIn(name) {
		if w == "cache" || w == "cached" || w == "memo" || w == "memoized" {
			return true
		}
	}
	return false
}

// askedElsewhere is a use outside of the function that makes entries.
func (c *collection) askedElsewhere(fn syntax.Node) (syntax.Node, bool) {
	for _, u := range c.uses {
		if u.how == walks || u.how == measures || !u.at.Within(fn) {
			return u.at, true
		}
	}
	return syntax.Node{}, false
}

// lookupsBeside are the questions for the same key in the function that files.
func (s *scan) lookupsBeside(o *Obligation) []syntax.Node {
	var out []syntax.Node
	for n := range o.Call.Function().Own() {
		for _, p := range o.Kind.Lookup {
			if _, ok := p.Match(n, o.keyed()); ok && n.Inner(true) == n && !isWritten(n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// keyed are the collection and the key of an entry.
func (o *Obligation) keyed() syntax.Bindings {
	return syntax.Bindings{o.Kind.Retainer: o.Bindings[o.Kind.Retainer], o.Kind.Keyed: o.Bindings[o.Kind.Keyed]}
}

func isWritten(n syntax.Node) bool {
	p := n.Outer().Parent()
	return p.Is("assignment_expression") && p.Field("left").Inner(true) == n
}

// counts: the new value is made from the old one: (get(k) ?? 0) + 1
func counts(value syntax.Node, lookups []syntax.Node) bool {
	operator := value.Field("operator").Text()
	return value.Is("binary_expression") && operator != "||" && operator != "??" && operator != "&&" && slices.ContainsFunc(lookups, func(l syntax.Node) bool {
		sym := l.Outer().Parent().Field("name").Symbol()
		return l.Within(value) || sym != nil && mentions(value, sym)
	})
}

// isFunction reports whether a parameter is a function, by its type.
func (s *scan) isFunction(n syntax.Node) bool {
	sym := n.Symbol()
	if sym == nil || sym.Kind != syntax.Parameter {
		return false
	}
	return s.functionType(s.f, sym.Type(), 4)
}

func (s *scan) functionType(f *syntax.File, t syntax.Node, hops int) bool {
	switch t.Kind() {
	case "function_type":
		return true
	case "parenthesized_type":
		return s.functionType(f, t.Child(0), hops)
	case "type_identifier", "generic_type":
		if hops == 0 {
			return false
		}
		in, decl := s.declaredAs(f, t)
		return decl.Is("type_alias_declaration") && s.functionType(in, decl.Field("value"), hops-1)
	}
	return false
}

// of names the collection for a sentence.
func (g *growth) of(owner Owner) string {
	if owner.Form == OwnerModule {
		return g.collection.name
	}
	return g.collection.name + " of " + owner.Name
}
