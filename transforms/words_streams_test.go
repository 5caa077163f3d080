package transforms

import (
	"strings"
	"testing"
)

// TestSubscriptionsMatter: what a file subscribes to makes it a candidate unless its text
// shows that nothing of it is reported.
func TestSubscriptionsMatter(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	d := NewDetector(nil, kinds, false)
	component := func(code string) string {
		return "import { Component } from '@angular/core'; import { take, map } from 'rxjs/operators';\n@Component({}) export class A { " + code + " }"
	}
	service := func(code string) string {
		return "import { Injectable } from '@angular/core';\n@Injectable() export class A { " + code + " }"
	}
	// piped is a component whose stream goes through operators of two libraries.
	piped := func(operators, more string) string {
		return "import { untilDestroyed } from 'until-destroyed';\nimport { switchMap, takeUntil, toArray } from 'rxjs';\nimport { last as end } from 'rxjs';\n" +
			component("f() { this.cart.sum().pipe("+operators+").subscribe(draw); } "+more)
	}
	// keeps is a component that adds to a subscription of its own.
	keeps := func(field, add, teardown string) string {
		return "import { Subscription } from 'rxjs';\n" + component(field+" f() { "+add+" } "+teardown)
	}
	const field, ends = "private subs: Subscription = new Subscription();", "ngOnDestroy(): void { log(); this.subs?.unsubscribe(); }"
	for _, tt := range []struct {
		what, src string
		want      bool
	}{
		{"dropped in a test", "it('adds', () => { cart.sum$.subscribe((n) => (sum = n)); });", false},
		{"and ended at once", "describe('cart', () => { it('adds', fakeAsync(() => { if (a) { cart.sum$.subscribe().unsubscribe(); } })); });", false},
		{"behind a comment", "it('adds', () => {\n // all\n cart.sum$.subscribe(draw); });", false},
		{"kept in a test", "it('adds', () => { const s = cart.sum$.subscribe(draw); });", true},
		{"handed on in a test", "it('adds', () => { all.add(cart.sum$.subscribe(draw)); });", true},
		{"given back in a test", "it('adds', () => { return cart.sum$.subscribe(draw); });", true},
		{"what is done with it in a test", "it('adds', () => { cart.sum$.subscribe(draw).add(f); });", true},
		{"a release of something in the test", "it('adds', () => { cart.sum$.subscribe(draw); }); afterEach(() => { sub.unsubscribe(); });", true},
		{"in a function of a test", "it('adds', () => { const f = () => { cart.sum$.subscribe(draw); }; });", true},
		{"in an effect", "useEffect(() => { cart.sum$.subscribe(draw); });", true},
		{"in a function that a test is given by another name", "each(() => { cart.sum$.subscribe(draw); });", true},
		{"of no test", "cart.sum$.subscribe(draw);", true},
		{"in a comment", "// cart.sum$.subscribe(draw);", false},
		{"brackets that do not match", "it('adds', () => { cart.sum$.subscribe((n) => (sum = n)); }", true},

		{"in a class", component("f() { this.cart.sum().subscribe(draw); }"), true},
		{"beside a class", component("f() { }") + " sum().subscribe(draw);", false},
		{"one of a class", component("f() { this.cart.sum().pipe(map(f), take(1)).subscribe(draw); }"), false},
		{"one, and what follows it", component("f() { this.cart.sum().pipe(take(1), map(f)).subscribe(draw); }"), false},
		{"one, and others that follow it", component("f() { this.cart.sum().pipe(take(1), switchMap(f)).subscribe(draw); }"), true},
		{"one of another library", component("f() { this.cart.sum().pipe(first()).subscribe(draw); }"), true},
		{"one of what is mapped to", component("f() { this.cart.sum().pipe(map((x) => take(1))).subscribe(draw); }"), true},
		{"a pipe of its own", component("f() { this.pipe(take(1)).subscribe(draw); }"), true},

		{"until somebody else's operator ends it", piped("map(f), untilDestroyed(this)", ""), false},
		{"and what follows that", piped("untilDestroyed(this), map(f)", ""), false},
		{"and others that follow it", piped("untilDestroyed(this), switchMap(f)", ""), true},
		{"through a function of the file", piped("map(f), gone(this)", ""), true},
		{"through a bare function at the end", piped("toArray(), gone", ""), true},
		{"through what is given", piped("map(f), this.search", ""), true},
		{"through what is imported under another name", piped("end()", ""), true},
		{"all at once", piped("toArray()", ""), false},
		{"until a signal that is told", piped("takeUntil(this.gone$)", "ngOnDestroy() { this.gone$.next(); }"), false},
		{"until a signal that is not told", piped("takeUntil(this.gone$)", "ngOnDestroy() { this.gone$.complete(); }"), true},
		{"until one of two", piped("takeUntil(merge(this.gone$, this.left$))", "ngOnDestroy() { this.gone$.next(); }"), true},

		{"added to one that ends", keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw));", ends), false},
		{"added with a comma behind", keeps(field, "this.subs.add(\n this.cart.sum().subscribe((n) => { draw(n, 1); }),\n );", ends), false},
		{"added to one that ends under a condition", keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw));", "ngOnDestroy() { if (this.a) { this.subs.unsubscribe(); } }"), true},
		{"added to one that may not end", keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw));", "ngOnDestroy() { if (this.a) return; this.subs.unsubscribe(); }"), true},
		{"added to one that ends in a statement with a condition", keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw));", "ngOnDestroy() { if (this.a) this.subs.unsubscribe(); }"), true},
		{"added to one that another method ends", keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw));", "leave() { this.subs.unsubscribe(); }"), true},
		{"added to one that is replaced", keeps(field, "this.subs = new Subscription(); this.subs.add(this.cart.sum$.subscribe(draw));", ends), true},
		{"added to one that is handed on", keeps(field, "all(this.subs); this.subs.add(this.cart.sum$.subscribe(draw));", ends), true},
		{"added to one that is given", keeps("subs: Subscription;", "this.subs.add(this.cart.sum$.subscribe(draw));", ends), true},
		{"a function is added", keeps(field, "this.subs.add(() => this.cart.sum$.subscribe(draw));", ends), true},
		{"added with another", keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw).add(f));", ends), true},
		{"added in a class that extends another", strings.ReplaceAll(keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw));", ends), "class A", "class A extends B"), true},
		{"added to one of the project's own", strings.ReplaceAll(keeps(field, "this.subs.add(this.cart.sum$.subscribe(draw));", ends), "'rxjs'", "'./own'"), true},

		{"of a service", service("f() { this.cart.sum().subscribe(draw); }"), false},
		{"of a service, for what it is given", service("f(c: Canvas) { this.cart.sum().subscribe((n) => c.draw(n)); }"), true},
		{"of a service, with what it is given", service("f(c: Canvas) { this.cart.sum().subscribe((n) => this.draw(n, c)); }"), false},
		{"of a service, for what it is given under a condition", service("f(c: Canvas) { if (a) { this.cart.sum().subscribe((n) => c!.draw(n)); } }"), true},
		{"of a service, for a callback", service("f = (c) => { this.cart.sum().subscribe({ next: (n) => { (c)(n); } }); }"), true},
		{"of a service, in a function of its method", service("f(c: Canvas) { all.forEach(() => { this.cart.sum().subscribe((n) => c.draw(n)); }); }"), false},
		{"of a service, for what it is given, which is no more than read", service("f(c: Canvas, e?: { at: number }) { this.cart.sum().subscribe((n) => this.draw(n, c.at, e?.at, c!.to as string, (c.by))); }"), false},
		{"of a service, for a part of what it is given", service("f(c: Canvas): { a: 1 } | undefined { this.cart.sum().subscribe((n) => c?.at[0].draw(n)); }"), true},
		{"of a service, for what it is given as something else", service("f(c: any) { this.cart.sum().subscribe((n) => (c as Canvas).draw(n)); }"), true},
		{"of a service, kept for what it is given", service("f(c: Canvas) { this.s = this.cart.sum().subscribe((n) => c.draw(n)); }"), false},
		{"of a service, for what it is given, in brackets", service("f(c: Canvas) { (this.cart.sum().subscribe((n) => c.draw(n))); }"), true},
		{"of a service, for what it is given, in a case", service("f(c: Canvas) { switch (a) { case 1: this.cart.sum().subscribe((n) => c.draw(n)); } }"), true},
		{"of a service, in a function for what it is given", service("f(c: Canvas) { all.add(() => this.cart.sum().subscribe((n) => c.draw(n))); }"), false},
		{"of a service, made by the library's using", "import { using } from 'rxjs';\n" + service("f(c: Canvas) { return using(() => load$.subscribe(), () => this.cart.get()); }"), false},
		{"of a component, made by the library's using", "import { using } from 'rxjs';\n" + component("f() { return using(() => load$.subscribe(), () => this.cart.get()); }"), false},
		{"made by another using", component("f() { return using(() => load$.subscribe(), () => this.cart.get()); }"), true},
		{"of a service, of a field of the library's type", "import { Observable } from 'rxjs';\n" + service("sum$: Observable<number>; f() { this.s = this.sum$.subscribe(draw); }"), false},
		{"of a service, of a field of a type of its own", service("sum$: Sum<number>; f() { this.s = this.sum$.subscribe(draw); }"), true},
		{"of a service, of what is made by no interval", "const interval = 1;\n" + service("f() { this.cart.sum().pipe(f).subscribe(draw); }"), false},
		{"of a service that ends", service("f() { this.cart.sum().subscribe(draw); } ngOnDestroy() {}"), true},
		{"of a service of the root that ends", strings.ReplaceAll(service("f() { this.cart.sum().subscribe(draw); } ngOnDestroy() {}"), "@Injectable()", "@Injectable({ providedIn: 'root' })"), false},
		{"of a service that ends and makes one of the root", strings.ReplaceAll(service("f() { this.cart.sum().subscribe(draw); } ngOnDestroy() {}"), "@Injectable()", "@Injectable({ useFactory: () => ({ providedIn: 'root' }) })"), true},
		{"of a service and a class", service("f() { this.cart.sum().subscribe(draw); }") + " class B {}", true},
		{"of a service that extends another", "import { Injectable } from '@angular/core';\n@Injectable() class A extends B { f() { this.cart.sum().subscribe(draw); } }", true},
	} {
		if got := d.IsCandidate([]byte(tt.src)); got != tt.want {
			t.Errorf("%s: a candidate: %v, want %v\n%s", tt.what, got, tt.want, tt.src)
		}
	}
}
