package proof

//go:generate go test . -run TestExecuted -update
