// SPDX-License-Identifier: MIT
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cleanup.h"
#include "number.h"

/* The kernel's range; glibc keeps the first two for itself, systemd counts from glibc's. */
#define RT_FIRST 34
#define RT_LAST  64

static const char *const names[] = {
	[SIGHUP] = "HUP",
	[SIGINT] = "INT",
	[SIGQUIT] = "QUIT",
	[SIGILL] = "ILL",
	[SIGTRAP] = "TRAP",
	[SIGABRT] = "ABRT",
	[SIGBUS] = "BUS",
	[SIGFPE] = "FPE",
	[SIGKILL] = "KILL",
	[SIGUSR1] = "USR1",
	[SIGSEGV] = "SEGV",
	[SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE",
	[SIGALRM] = "ALRM",
	[SIGTERM] = "TERM",
	[SIGSTKFLT] = "STKFLT",
	[SIGCHLD] = "CHLD",
	[SIGCONT] = "CONT",
	[SIGSTOP] = "STOP",
	[SIGTSTP] = "TSTP",
	[SIGTTIN] = "TTIN",
	[SIGTTOU] = "TTOU",
	[SIGURG] = "URG",
	[SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ",
	[SIGVTALRM] = "VTALRM",
	[SIGPROF] = "PROF",
	[SIGWINCH] = "WINCH",
	[SIGIO] = "IO",
	[SIGPWR] = "PWR",
	[SIGSYS] = "SYS",
	[RT_FIRST] = "RTMIN",
	"RTMIN+1",
	"RTMIN+2",
	"RTMIN+3",
	"RTMIN+4",
	"RTMIN+5",
	"RTMIN+6",
	"RTMIN+7",
	"RTMIN+8",
	"RTMIN+9",
	"RTMIN+10",
	"RTMIN+11",
	"RTMIN+12",
	"RTMIN+13",
	"RTMIN+14",
	"RTMIN+15",
	"RTMIN+16",
	"RTMIN+17",
	"RTMIN+18",
	"RTMIN+19",
	"RTMIN+20",
	"RTMIN+21",
	"RTMIN+22",
	"RTMIN+23",
	"RTMIN+24",
	"RTMIN+25",
	"RTMIN+26",
	"RTMIN+27",
	"RTMIN+28",
	"RTMIN+29",
	[RT_LAST] = "RTMAX",
};

static const struct {
	const char *name;
	int signo;
} aliases[] = {
	{ "POLL", SIGIO },
	{ "IOT", SIGABRT },
	{ "CLD", SIGCHLD },
};

const char *signal_to_name(int signo)
{
	if (signo <= 0 || (size_t)signo >= ELEMENTSOF(names)) {
		return NULL;
	}
	return names[signo];
}

static int realtime_from_name(const char *text)
{
	uint32_t n;

	if (strncmp(text, "RTMIN+", 6) == 0 && number_parse_u32(text + 6, &n) == 0 &&
		n <= RT_LAST - RT_FIRST) {
		return RT_FIRST + (int)n;
	}
	if (strncmp(text, "RTMAX-", 6) == 0 && number_parse_u32(text + 6, &n) == 0 &&
		n <= RT_LAST - RT_FIRST) {
		return RT_LAST - (int)n;
	}
	return -EINVAL;
}

int signal_from_name(const char *text)
{
	uint32_t n;

	if (number_parse_u32(text, &n) == 0) {
		return n >= 1 && n <= RT_LAST ? (int)n : -EINVAL;
	}
	if (strncmp(text, "SIG", 3) == 0) {
		text += 3;
	}
	for (size_t i = 1; i < ELEMENTSOF(names); i++) {
		if (names[i] && strcmp(names[i], text) == 0) {
			return (int)i;
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(aliases); i++) {
		if (strcmp(aliases[i].name, text) == 0) {
			return aliases[i].signo;
		}
	}
	return realtime_from_name(text);
}
