package transforms

//go:generate go test . -run TestKindsTable -update
