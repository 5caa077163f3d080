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

		{"of a service", service("f() { this.cart.sum().subscribe(draw); }"), false},
		{"of a service, for what it is given", service("f(c: Canvas) { this.cart.sum().subscribe((n) => c.draw(n)); }"), true},
		{"of a service, with what it is given", service("f(c: Canvas) { this.cart.sum().subscribe((n) => this.draw(n, c)); }"), false},
		{"of a service, for what it is given under a condition", service("f(c: Canvas) { if (a) { this.cart.sum().subscribe((n) => c!.draw(n)); } }"), true},
		{"of a service, for a callback", service("f = (c) => { this.cart.sum().subscribe({ next: (n) => { (c)(n); } }); }"), true},
		{"of a service, in a function of its method", service("f(c: Canvas) { all.forEach(() => { this.cart.sum().subscribe((n) => c.draw(n)); }); }"), false},
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
