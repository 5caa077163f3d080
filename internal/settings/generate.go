package settings

//go:generate go test . -run TestSchemaFile -update
