// SPDX-License-Identifier: MIT
#include "progress.h"

#include <stdbool.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/fd.h"

#define MEMINFO_MAX   16384u
#define DISKSTATS_MAX 262144u
#define CPU_MOVES_US  100000 /* less is what waiting itself costs */

/* Fields of a line of /proc/diskstats behind the name, by number: requests that were finished. */
static const bool counts[] = {
	[0] = true,  /* reads */
	[4] = true,  /* writes */
	[11] = true, /* discards */
	[15] = true, /* flushes */
};

void progress_init(struct progress *p, uint64_t now_us)
{
	memset(p, 0, sizeof(*p));
	p->last.left_kb = UINT64_MAX;
	p->moved_us = now_us;
}

void progress_add_disk(struct progress *p, unsigned major, unsigned minor)
{
	for (unsigned i = 0; i < p->n_disks; i++) {
		if (p->disks[i].major == major && p->disks[i].minor == minor) {
			return;
		}
	}
	if (p->n_disks < PROGRESS_DISKS_MAX) {
		p->disks[p->n_disks].major = major;
		p->disks[p->n_disks++].minor = minor;
	}
}

void progress_step(struct progress *p, const struct progress_facts *facts, uint64_t now_us)
{
	bool moved = facts->left_kb < p->last.left_kb || facts->done != p->last.done ||
		     facts->cpu_us >= p->last.cpu_us + CPU_MOVES_US;

	if (facts->left_kb < p->last.left_kb) {
		p->last.left_kb = facts->left_kb;
	}
	p->last.done = facts->done;
	if (moved || facts->cpu_us < p->last.cpu_us) {
		p->last.cpu_us = facts->cpu_us; /* less: a call has ended */
	}
	p->left_kb = facts->left_kb;
	p->moved_us = moved ? now_us : p->moved_us;
}

uint64_t progress_still_us(const struct progress *p, uint64_t now_us)
{
	return now_us > p->moved_us ? now_us - p->moved_us : 0;
}

/* The decimal number behind blanks at *text, which goes behind it; 0 where there is none. */
static uint64_t take_number(const char **text)
{
	const char *s = *text + strspn(*text, " \t");
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint64_t)(*s - '0');
	}
	*text = s;
	return n;
}

uint64_t progress_left_kb(const char *meminfo)
{
	static const char *const names[] = { "\nDirty:", "\nWriteback:", "\nWritebackTmp:" };
	uint64_t sum = 0;

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const char *at = strstr(meminfo, names[i]);

		if (at) {
			at += strlen(names[i]);
			sum += take_number(&at);
		}
	}
	return sum;
}

static bool is_ours(const struct progress *p, uint64_t major, uint64_t minor)
{
	for (unsigned i = 0; i < p->n_disks; i++) {
		if (p->disks[i].major == major && p->disks[i].minor == minor) {
			return true;
		}
	}
	return false;
}

/* "MAJOR MINOR NAME READS … WRITES …": a kernel before 5.5 has fewer fields. */
static uint64_t done_of_line(const struct progress *p, const char *line)
{
	uint64_t major = take_number(&line), minor = take_number(&line), sum = 0;

	if (!is_ours(p, major, minor)) {
		return 0;
	}
	line += strspn(line, " ");
	line += strcspn(line, " \n");
	for (size_t i = 0; i < ELEMENTSOF(counts) && *line == ' '; i++) {
		uint64_t n = take_number(&line);

		sum += counts[i] ? n : 0;
	}
	return sum;
}

uint64_t progress_done(const struct progress *p, const char *diskstats)
{
	uint64_t sum = 0;

	for (const char *line = diskstats; *line; line += *line == '\n') {
		sum += done_of_line(p, line);
		line += strcspn(line, "\n");
	}
	return sum;
}

void progress_look(struct progress *p, uint64_t cpu_us, uint64_t now_us)
{
	static char text[DISKSTATS_MAX];
	struct progress_facts facts = { .cpu_us = cpu_us };

	if (fd_read_text("/proc/meminfo", text, MEMINFO_MAX) > 0) {
		facts.left_kb = progress_left_kb(text);
	}
	if (fd_read_text("/proc/diskstats", text, sizeof(text)) > 0) {
		facts.done = progress_done(p, text);
	}
	progress_step(p, &facts, now_us);
}
