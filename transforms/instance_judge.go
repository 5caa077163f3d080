package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// judgeField: the handle is in a field of the instance, or in a collection
// there.
func (s *scan) judgeField(o *Obligation) {
	if !s.ends(o.Handle.Of) {
		o.step(o.Call, "moved: kept in an object that cannot be seen whole")
		return
	}
	if len(o.Kind.Last) > 0 && o.Handle.Place == InField && o.readInLoop(s.instance(o.Handle.Of)) {
		o.step(o.Call, "moved: it is read in a loop, and may have come to its end")
		return
	}
	s.judgeInstance(o, o.Handle.Of)
}

// judgeInstance: does the instance release what it acquired?
func (s *scan) judgeInstance(o *Obligation, class syntax.Node) {
	in := s.instance(class)
	o.Owner = ownerOf(class, o.Handle)
	if in.hosted && isRootFile(s.f) || class.IsClass() && s.isRoot(class) {
		o.step(o.Call, "moved: the root component lives as long as the page")
		return
	}
	if m, opaque := in.opaque(); opaque {
		o.step(m.Node, "moved: what %s() does cannot be seen", m.Name)
		return
	}
	if _, two := o.Bindings["HANDLE"]; two && o.Handle.Place == InField && in.borrowed(o.Handle.Field) && !in.makesRightHere(o) {
		o.step(o.Call, "moved: belongs to whoever gave it to the instance")
		return
	}
	if in.teardown == nil && o.Kind.Family == Resources && o.Handle.Place == InField && in.isPublic(o.Handle.Field) {
		o.step(o.Call, "moved: the instance has no end, and its field is public for whoever wants to end it")
		return
	}
	if s.waitsForItsEnd(o) {
		o.Status = Met
		o.step(o.Call, "met: its own end is waited for")
		return
	}
	if o.Kind.OneShot && in.teardown != nil && o.Call.Within(in.teardown.own) {
		if s.judgeGrace(o, in) {
			return
		}
		o.Status = Met
		o.step(o.Call, "met: part of the teardown")
		return
	}
	if o.Kind.OneShot && !o.told && s.asksFirst(o) {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and asks before it does anything")
		return
	}
	if o.Kind.OneShot && !o.told && (s.asksWhetherOver(o, in) || s.beginsSoonAgain(o, in) || s.onlyEmits(o, in) || (o.Handle.Place == Discarded || o.Handle.Place == InField) && s.changesInstanceAlone(o, in) || o.Handle.Place == Discarded && slices.Contains(o.Acquire.From, "global") && (onlyDropsOwn(o) || onlyToldOf(o))) {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and finds nothing to do then")
		return
	}
	if !o.Kind.OneShot && in.teardown == nil && s.unreferenced(o) && isApplication(s.Project, s.f.Path) {
		o.step(o.Call, "moved: nothing ends the instance, and it keeps nothing up")
		return
	}
	if o.Kind.OneShot && in.inEnding(o.Call) {
		o.Status = Met
		o.step(o.Call, "met: part of an end")
		return
	}
	if o.Kind.OneShot && (o.Handle.Place == Discarded || o.Handle.Place == InVariable) && answers(o.Call) {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and somebody waits for what it calls")
		return
	}
	alone := !class.IsClass() && !touches(o.Call) || in.host != nil && !s.loopOf(o).OK() && !reachesBeyond(o.Call)
	if o.Kind.OneShot && o.Handle.Place == Discarded && alone {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and leaves the instance alone")
		return
	}
	if s.judgeOnceHosted(o, in) {
		return
	}
	o.Form = formClass{}
	if name, own := o.Call.Field("arguments").Child(0).Inner(false).ThisField(); o.Kind.OneShot && own && in.teardown != nil && name == in.teardown.name && slices.Contains(o.Acquire.From, "global") {
		o.Status = Met
		o.step(o.Call, "met: it ends the instance, once more at most")
		return
	}
	if o.Kind.OneShot && (onlyEnds(o.Call.Field("arguments").Child(0)) || s.letsGo(o) || in.onlyHides(o)) {
		o.Status = Met
		o.step(o.Call, "met: what it does is itself a release")
		return
	}
	o.endless = in.teardown == nil || !in.teardown.own.OK() && !in.endsHosted()
	if o.Kind.OneShot && !o.told && (o.Handle.Place == Discarded || o.endless || in.host == nil && s.isBrief(o)) && s.onlyPutsBack(o) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: ends by itself, and only puts back what it finds")
		return
	}
	loop := s.loopOf(o)
	endless := loop.OK() && class.IsClass() && s.isEndless(o, loop)
	if o.Kind.OneShot && !o.told && ((in.teardown == nil || in.endsHosted()) && !endless || (isImmediate(o) || s.isImmediateByDefault(o)) && (!loop.OK() || !s.loopsByItself(o, loop))) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: ends by itself, and nothing ends the instance before")
		return
	}
	if o.Kind.OneShot && !o.told && o.Handle.Place == Discarded && !loop.OK() && s.isBrief(o) && !s.beginsAnew(o, in) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: ends by itself, and soon")
		return
	}
	if isFrame(o) && in.host == nil && !o.told && o.Handle.Place == Discarded && loop.OK() && s.endsItself(o, loop) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: its rounds come to their end by themselves")
		return
	}
	if o.Kind.OneShot && !o.told && o.Handle.Place == Discarded && (loop.OK() && o.isShortChain(loop) || s.isCountedRetry(o)) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: it is asked for a few times only, and soon over")
		return
	}
	var each []use
	switch o.Handle.Place {
	case InField:
		for _, name := range in.names(o.Handle.Field) {
			if s.fieldSettled(o, in, name) {
				return
			}
		}
	case InSet:
		uses := s.elementUses(o, in)
		for _, u := range uses {
			if u.whole && u.effect == released && s.beside(o, in, u.at, o.Handle.Field) {
				o.releases = append(o.releases, u.at)
				o.step(u.at, "%s, to which %s() does not come", u.text, in.teardown.name)
				continue
			}
			if u.whole {
				o.releases = nil
				o.settle(u.use)
				return
			}
			each = append(each, u.use)
		}
		if len(each) > 0 && in.teardown == nil {
			o.settle(each[0])
			return
		}
	}
	if o.Handle.Place == InField && (s.releasedByHeirs(o, in) || s.closedByField(o, in) || s.endedOtherwise(o, in)) {
		o.Form = nil
		return
	}
	if call := s.leftToHeirs(in); call.OK() && o.Kind.Family == Resources && (o.Handle.Place == InField || o.Handle.Place == InSet) {
		o.Form = nil
		o.step(call, "moved: what fills in %s() may release it", call.Field("property").Text())
		return
	}
	if off := s.takenOffOneByOne(o, in); off.OK() {
		o.Form = nil
		o.step(off, "moved: whoever hands over what is observed has it taken off again, too")
		return
	}
	way := NeverReleased
	if len(o.releases) > 0 {
		way = MissingPath
	}
	if len(each) > 0 {
		way = MissingPath
		for _, u := range each {
			o.releases = append(o.releases, u.at)
			o.step(u.at, "%s, one by one", u.text)
		}
	}
	if parent := s.settledByParent(o); o.Handle.Place == InSet && parent != "" {
		o.Standing = Offer
		if !s.Offers {
			o.Status, o.Form = Met, nil
			o.step(o.Call, "met: settled by the release of its %s", parent)
			return
		}
	}
	exits := o.Exits
	if len(exits) > 0 {
		way, o.Form = WrongRelease, formOrder{}
	} else {
		exits = in.left()
	}
	s.unmet(o, way, exits)
}

// left are the places where an instance ends without a release: its teardown, if it has
// one of its own.
func (in *instance) left() []ExitPlace {
	t := in.teardown
	if t == nil || !t.own.OK() {
		return nil
	}
	at := t.own.Field("name")
	if !at.OK() {
		at = t.own // stop = () => { .. }
	}
	return []ExitPlace{{at, t.name + "() leaves it"}}
}

// oneFrame is how long, in milliseconds, a turn takes at most that draws.
const oneFrame = 16

// isImmediate: a timeout that fires in the same turn, or the next.
func isImmediate(o *Obligation) bool {
	if !slices.Contains(o.Acquire.From, "global") {
		return false
	}
	delay := o.Call.Field("arguments").Child(1)
	time, known := millis(delay, 3)
	return !delay.OK() || known && time <= oneFrame
}

func (o *Obligation) settle(u use) {
	o.Form, o.Exits = nil, nil
	if u.effect == released {
		o.Status = Met
		o.releases = append(o.releases, u.at)
		o.step(u.at, "met: %s", u.text)
		return
	}
	o.Status = Moved
	o.step(u.at, "moved: %s", u.text)
}

// fieldSettled looks for a release in the class itself and above.
func (s *scan) fieldSettled(o *Obligation, in *instance, field string) bool {
	var away *use
	var beside []use
	for _, sym := range in.taken[field] {
		for _, u := range s.usesOf(o, sym, maxHops) {
			if u.effect != neutral {
				o.settle(u)
				return true
			}
		}
	}
	for _, n := range in.computed {
		if call := s.releaseAt(o, n); call.OK() {
			o.settle(use{released, n, call, "released by " + shorten(call.Text())})
			return true
		}
	}
	for _, ref := range in.refs[field] {
		for _, u := range s.useOf(o, ref, maxHops) {
			switch {
			case u.effect == released && u.at.Function() == o.Call.Function() && u.at.End() <= o.Call.Start() && s.turnsOff(o, in, u.at):
				o.settle(u)
				return true
			case u.effect == released && u.at.Function() == o.Call.Function() && u.at.End() <= o.Call.Start():
				o.step(u.at, "%s, only to acquire it anew", u.text)
				if in.teardown == nil || o.endless && o.Kind.OneShot && (s.isBrief(o) || s.isBriefByDefault(o)) { // whoever wrote it knows, and nothing ends the instance
					o.settle(u)
					return true
				}
			case u.effect == released && s.beside(o, in, u.at, field):
				beside = append(beside, u)
			case u.effect == released && o.tooLate(s, in, u, ref, field):
			case u.effect == released:
				o.settle(u)
				return true
			case u.effect == moved && !inGetter(ref) && away == nil:
				away = &u
			}
		}
	}
	above := slices.Clone(in.mixins)
	for _, c := range in.ancestors {
		above = append(above, c.Node)
	}
	for _, c := range above {
		for _, ref := range refsOfThis(c)[field] {
			for _, u := range s.at(c).useOf(o, ref, maxHops) {
				if u.effect == released {
					o.settle(u)
					return true
				}
			}
		}
	}
	if s.judgeNamed(o, in, field) {
		return true
	}
	if away != nil {
		o.settle(*away)
		return true
	}
	if s.releasedByName(o, field) {
		return true
	}
	for _, u := range beside {
		o.releases = append(o.releases, u.at)
		o.step(u.at, "%s, to which %s() does not come", u.text, in.teardown.name)
	}
	return false
}

func inGetter(n syntax.Node) bool {
	_, member := n.FieldOwner()
	return member.HasToken("get")
}
