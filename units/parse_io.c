// SPDX-License-Identifier: MIT
/* Limits per block device, and the names that limits had before cgroup v2. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/number.h"
#include "parsers.h"
#include "values.h"
#include "words.h"

#define WEIGHT_DEFAULT 100u
#define WEIGHT_MAX     10000u

static int parse_device_value(struct setting_context *c, const char *text, uint64_t *ret)
{
	switch ((enum unit_io_kind)c->row->arg) {
	case UNIT_IO_WEIGHT:
		return number_parse_u64(text, ret) < 0 || *ret < 1 || *ret > WEIGHT_MAX ? -EINVAL
											: 0;
	case UNIT_IO_LATENCY:
		return value_parse_timespan(text, 1000000, ret) != 0 || !*ret ? -EINVAL : 0;
	case UNIT_IO_READ_BYTES:
	case UNIT_IO_WRITE_BYTES:
	case UNIT_IO_READ_CALLS:
	case UNIT_IO_WRITE_CALLS:
		return value_parse_rate(text, ret) != 0 || !*ret ? -EINVAL : 0;
	case UNIT_IO_KIND_COUNT:
		break;
	}
	return -EINVAL;
}

/* "PATH VALUE": a device node, or a path on the file system of the device. */
int parse_io_device(struct setting_context *c)
{
	struct list *rows = &c->unit->cgroup.io_devices;
	struct word path, value = { 0 };
	const char *p = c->value;
	struct unit_io *row;
	struct unit_io v = {
		.kind = (enum unit_io_kind)c->row->arg, .origin = c->origin, .setting = c->row->name
	};
	int r = word_next(&p, c->value, c->arena, &path);

	if (r == 0) {
		struct unit_io *old = rows->items;
		size_t n = 0;

		for (size_t i = 0; i < rows->n; i++) {
			if (old[i].kind != v.kind) {
				old[n++] = old[i];
			}
		}
		rows->n = n;
		return 0;
	}
	r = r > 0 ? word_next(&p, c->value, c->arena, &value) : r;
	if (r <= 0 || !value_is_path(path.text) ||
		parse_device_value(c, value.text, &v.value) < 0) {
		return r == -ENOMEM ? r
				    : setting_error(c, 0,
					      "\"%.128s\" is not \"PATH VALUE\" such as \"/dev/sda "
					      "100\"",
					      c->value);
	}
	v.path = path.text;
	row = list_push(c->arena, rows, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = v;
	return 0;
}

/* CPUShares=, BlockIOWeight=: row->arg is the default that stands for the weight 100. */
int parse_old_weight(struct setting_context *c)
{
	struct unit_amount *amount = c->target;
	uint64_t shares, weight;

	if (!*c->value) {
		*amount = (struct unit_amount) { 0 };
		return 0;
	}
	if (number_parse_u64(c->value, &shares) != 0 || shares < 2 || shares > 262144) {
		return setting_error(c, 0, "\"%.64s\" is not a weight of cgroup v1", c->value);
	}
	weight = shares * WEIGHT_DEFAULT / (uint64_t)c->row->arg;
	weight = weight < 1 ? 1 : weight > WEIGHT_MAX ? WEIGHT_MAX : weight;
	/* The setting of today wins, wherever it stands. */
	if (!amount->set || amount->old_name) {
		*amount = (struct unit_amount) {
			.set = true, .old_name = true, .value = weight, .origin = c->origin
		};
	}
	return 0;
}
