package run

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestRunCallers: a file that names nothing which acquires is looked at where it calls a
// function of another that hands on what that acquired; one that only has the name is not.
func TestRunCallers(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"package.json": `{"name": "shop"}`,
		"open.ts":      "import { createPool } from 'mysql2/promise';\n\nexport function open(url: string) {\n  const pool = createPool(url);\n  return { url, pool };\n}\n",
		"shop.ts": "import { open } from './open';\n\nexport class Shop {\n  private readonly pool;\n\n  constructor(url: string) {\n    const { pool } = open(url);\n    this.pool = pool;\n  }\n\n" +
			"  find(sql: string) {\n    return this.pool.query(sql);\n  }\n\n  async close() {\n    console.log('closed');\n  }\n}\n",
		"stall.ts": "import { open } from './open';\n\nexport async function count(url: string, sql: string) {\n  const pool = open(url).pool;\n  const [rows] = await pool.query(sql);\n  await pool.end();\n  return rows;\n}\n",
		"door.ts":  "export function open(url: string) {\n  return { url, pool: 1 };\n}\n\nexport class Door {\n  pool = open('a').pool;\n  close() {}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Run(context.Background(), detector(t, dir), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range r.Files {
		found = append(found, m.Path)
	}
	if len(found) != 2 || found[0] != "shop.ts" || found[1] != "stall.ts" {
		t.Errorf("found in %v, want shop.ts and stall.ts", found)
	}
	if r.Summary.Candidates != 3 {
		t.Errorf("%d candidates, want open.ts, shop.ts and stall.ts", r.Summary.Candidates)
	}
	for name, opts := range map[string]Options{
		"refused":  {Look: func(rel string, _ []byte) bool { return rel != "stall.ts" }},
		"excluded": {Exclude: func(rel string) bool { return rel == "stall.ts" }},
	} {
		if r, err = Run(context.Background(), detector(t, dir), opts); err != nil {
			t.Fatal(err)
		}
		if len(r.Files) != 1 || r.Summary.Candidates != 2 {
			t.Errorf("stall.ts is %s: %d files with findings of %d candidates, want 1 of 2", name, len(r.Files), r.Summary.Candidates)
		}
	}
}
