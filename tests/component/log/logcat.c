// SPDX-License-Identifier: MIT
/* Prints records through supervisor/log/logread.h as one JSON object a line, for test_log.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/log/logread.h"

static void print_string(const char *s, size_t n)
{
	putchar('"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
			printf("\\u%04x", c);
		} else {
			putchar(c);
		}
	}
	putchar('"');
}

static void print_hex(const char *name, const void *data, size_t n)
{
	const unsigned char *p = data;

	printf("\"%s\":\"", name);
	for (size_t i = 0; i < n; i++) {
		printf("%02x", p[i]);
	}
	printf("\",");
}

static void print_record(const struct log_record *r)
{
	printf("{\"realtime_us\":%llu,\"priority\":%u,\"flags\":%u,\"pid\":%u,\"uid\":%u,",
		(unsigned long long)r->realtime_us, r->priority, r->flags, r->pid, r->uid);
	print_hex("invocation_id", r->invocation_id, sizeof(r->invocation_id));
	print_hex("hex", r->message, r->message_size);
	printf("\"unit\":\"%s\",\"identifier\":", r->unit);
	print_string(r->identifier, strlen(r->identifier));
	printf(",\"message\":");
	print_string(r->message, r->message_size);
	printf(",\"fields\":{");
	for (size_t i = 0; i < r->n_fields; i++) {
		printf("%s\"%s\":", i ? "," : "", r->fields[i].name);
		print_string(r->fields[i].value, r->fields[i].size);
	}
	printf("}}\n");
	fflush(stdout);
}

static int print_all(struct log_reader *r, unsigned long long *left)
{
	struct log_record record;
	int state = 0;

	for (; *left > 0 && (state = log_reader_next(r, &record)) == 1; (*left)--) {
		print_record(&record);
	}
	return state;
}

static int follow(struct log_reader *r, unsigned long long left)
{
	int state = log_reader_fd(r);

	printf("following\n");
	fflush(stdout);
	while (state >= 0 && left > 0) {
		state = print_all(r, &left);
		if (state >= 0 && left > 0) {
			state = log_reader_wait(r, -1);
		}
	}
	return state;
}

/* logcat DIR all|tail N|since T|follow N UNIT... */
int main(int argc, char **argv)
{
	AUTO(log_reader_free_auto) struct log_reader *r = NULL;
	unsigned long long left = ~0ULL;
	unsigned long long n = 0;
	int first = 3;
	int error;

	if (argc < 4 || log_reader_new(argv[1], &r) < 0) {
		return 2;
	}
	if (strcmp(argv[2], "all") != 0) {
		n = strtoull(argv[first++], NULL, 10);
	}
	for (int i = first; i < argc; i++) {
		if (log_reader_add_unit(r, argv[i]) < 0) {
			return 3;
		}
	}
	if (strcmp(argv[2], "follow") == 0) {
		return follow(r, n) < 0;
	}
	error = strcmp(argv[2], "tail") == 0    ? log_reader_seek_tail(r, n)
		: strcmp(argv[2], "since") == 0 ? log_reader_seek_realtime(r, n)
						: 0;
	return error < 0 || print_all(r, &left) < 0;
}
