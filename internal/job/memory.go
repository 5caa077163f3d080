package job

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memoryOf adds up what a process and those that it has started hold in memory, in
// bytes; 0 where the system does not tell.
func memoryOf(pid int) int64 {
	total := int64(0)
	seen := map[int]bool{}
	var add func(pid int)
	add = func(pid int) {
		if seen[pid] || len(seen) > 1000 {
			return
		}
		seen[pid] = true
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return
		}
		if fields := strings.Fields(string(data)); len(fields) > 2 {
			resident, _ := strconv.ParseInt(fields[1], 10, 64)
			shared, _ := strconv.ParseInt(fields[2], 10, 64)
			total += (resident - shared) * int64(os.Getpagesize())
		}
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return
		}
		for _, t := range tasks {
			children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
			if err != nil {
				return
			}
			for _, f := range strings.Fields(string(children)) {
				if child, err := strconv.Atoi(f); err == nil {
					add(child)
				}
			}
		}
	}
	add(pid)
	return total
}
