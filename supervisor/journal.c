// SPDX-License-Identifier: MIT
#include "journal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A value longer than this is cut, so that the fields after it still fit. */
#define VALUE_MAX 1536u

static const char hex_digits[] = "0123456789abcdef";

/* Length of the well-formed UTF-8 sequence at s, 0 if there is none. Unicode 15, table 3-7. */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first_lo, first_hi, second_lo, second_hi;
		unsigned char length;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (s[0] < rows[i].first_lo || s[0] > rows[i].first_hi) {
			continue;
		}
		if (rows[i].length > 1 && (s[1] < rows[i].second_lo || s[1] > rows[i].second_hi)) {
			return 0;
		}
		for (size_t k = 2; k < rows[i].length; k++) {
			if (s[k] < 0x80 || s[k] > 0xbf) {
				return 0;
			}
		}
		return rows[i].length;
	}
	return 0;
}

/* C0, DEL, and C1 in its two-byte form. */
static bool is_control(const unsigned char *s, size_t length)
{
	if (length == 1) {
		return (s[0] < 0x20 && s[0] != '\t') || s[0] == 0x7f;
	}
	return length == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

size_t text_escape(const char *text, char *buf, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = 0;

	while (*s) {
		size_t length = utf8_length(s);

		if (length && !is_control(s, length)) {
			if (n + length >= size) {
				break;
			}
			memcpy(buf + n, s, length);
			n += length;
			s += length;
			continue;
		}
		if (n + 4 >= size) {
			break;
		}
		buf[n++] = '\\';
		buf[n++] = 'x';
		buf[n++] = hex_digits[*s >> 4];
		buf[n++] = hex_digits[*s & 15];
		s++;
	}
	buf[n] = '\0';
	return n;
}

/* 16 bytes as 32 hex digits and a NUL. */
static void id128_to_hex(const uint8_t id[16], char buf[MESSAGE_INVOCATION_HEX_CHARS])
{
	for (size_t i = 0; i < 16; i++) {
		buf[2 * i] = hex_digits[id[i] >> 4];
		buf[2 * i + 1] = hex_digits[id[i] & 15];
	}
	buf[32] = '\0';
}

void journal_field(struct journal_record *r, const char *name, const char *value)
{
	char text[VALUE_MAX];
	size_t name_len = strlen(name), text_len;

	if (!value || !*value) {
		return;
	}
	text_len = text_escape(value, text, sizeof(text));
	if (r->size + name_len + text_len + 2 > sizeof(r->data)) {
		return;
	}
	memcpy(r->data + r->size, name, name_len);
	r->size += name_len;
	r->data[r->size++] = '=';
	memcpy(r->data + r->size, text, text_len);
	r->size += text_len;
	r->data[r->size++] = '\n';
}

void journal_field_u64(struct journal_record *r, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	journal_field(r, name, text);
}

void journal_begin(struct journal_record *r, int priority, const char *message)
{
	r->size = 0;
	r->priority = priority;
	journal_field(r, "MESSAGE", message);
	r->text_at = r->size ? strlen("MESSAGE=") : 0;
	r->text_size = r->size ? r->size - r->text_at - 1 : 0;
	journal_field_u64(r, "PRIORITY", (uint64_t)priority);
	journal_field(r, "SYSLOG_IDENTIFIER", "supd");
	journal_field(r, "SYSLOG_FACILITY", "3");
}

void journal_unit(struct journal_record *r, const char *unit, const uint8_t invocation_id[16])
{
	static const uint8_t none[16];
	char hex[MESSAGE_INVOCATION_HEX_CHARS];

	journal_field(r, "UNIT", unit);
	journal_field(r, "OBJECT_SYSTEMD_UNIT", unit);
	if (memcmp(invocation_id, none, sizeof(none)) != 0) {
		id128_to_hex(invocation_id, hex);
		journal_field(r, "INVOCATION_ID", hex);
	}
}
