// SPDX-License-Identifier: MIT
/*
 * Small answers for words_peer.py, one a line of standard input, "?" where there is none:
 *   condition TYPE PARAMETER   "1", "0", or "-" when it cannot be told (TYPE as "PathExists")
 *   status WORD                the exit status that a name means
 *   group @NAME                the system calls in it, sorted
 *   span TEXT                  microseconds
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/launch/conditions.h"
#include "../../runtime/plan/syscallgroups.h"
#include "../../units/values.h"

static void say_condition(char *text)
{
	struct plan_condition c = { .parameter = "" };
	char *space = strchr(text, ' ');
	int type, r;

	if (space) {
		*space = '\0';
		c.parameter = space + 1;
	}
	type = condition_type_from_string(text);
	if (type < 0) {
		puts("?");
		return;
	}
	c.type = (uint32_t)type;
	r = condition_holds(&c, NULL);
	puts(r < 0 ? "-" : r ? "1" : "0");
}

static void say_status(char *text)
{
	uint32_t status;

	if (value_parse_exit_status(text, &status) == 0) {
		printf("%" PRIu32 "\n", status);
	} else {
		puts("?");
	}
}

static void say_members(const char *name)
{
	const struct syscall_group *group = syscall_group_find(name);
	char *copy = group ? strdup(group->members) : NULL, *save = NULL;

	for (char *w = copy ? strtok_r(copy, " ", &save) : NULL; w;
		w = strtok_r(NULL, " ", &save)) {
		if (*w == '@') {
			say_members(w);
		} else {
			printf("%s ", w);
		}
	}
	free(copy);
}

static void say_group(char *text)
{
	if (syscall_group_find(text)) {
		say_members(text);
		putchar('\n');
	} else {
		puts("?");
	}
}

static void say_span(char *text)
{
	uint64_t us;

	if (value_parse_timespan(text, 1000000, &us) == 0) {
		printf("%" PRIu64 "\n", us);
	} else {
		puts("?");
	}
}

static const struct {
	const char *word;
	void (*say)(char *text);
} questions[] = {
	{ "condition ", say_condition },
	{ "status ", say_status },
	{ "group ", say_group },
	{ "span ", say_span },
};

int main(void)
{
	char line[8192];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < ELEMENTSOF(questions); i++) {
			size_t n = strlen(questions[i].word);

			if (strncmp(line, questions[i].word, n) == 0) {
				questions[i].say(line + n);
			}
		}
	}
	return 0;
}
