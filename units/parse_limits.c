// SPDX-License-Identifier: MIT
#include "parsers.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/number.h"
#include "values.h"
#include "words.h"

/* "512M", "20%", "infinity"; row->arg: 1 for counts without size suffixes. */
int parse_amount(struct setting_context *c)
{
	struct unit_amount *amount = c->target, v = { .set = true, .origin = c->origin };

	if (!*c->value) {
		*amount = (struct unit_amount) { 0 };
		return 0;
	}
	v.percent = strchr(c->value, '%') != NULL;
	if ((v.percent ? value_parse_percent(c->value, 10000, &v.value)
		       : value_parse_size(c->value, &v.value)) != 0) {
		return setting_error(
			c, 0, "\"%.64s\" is not an amount such as 64M, 20%% or infinity", c->value);
	}
	*amount = v;
	return 0;
}

int parse_quota(struct setting_context *c)
{
	struct unit_amount *amount = c->target;
	struct unit_amount v = { .set = true, .percent = true, .origin = c->origin };

	if (!*c->value) {
		*amount = (struct unit_amount) { 0 };
		return 0;
	}
	if (value_parse_percent(c->value, UINT32_MAX, &v.value) != 0 || v.value == 0) {
		return setting_error(c, 0, "\"%.64s\" is not a share such as 150%%", c->value);
	}
	*amount = v;
	return 0;
}

int parse_weight(struct setting_context *c)
{
	struct unit_amount *amount = c->target;
	struct unit_amount v = { .set = true, .origin = c->origin };
	bool idle = c->row->arg && strcmp(c->value, "idle") == 0;

	if (!*c->value) {
		*amount = (struct unit_amount) { 0 };
		return 0;
	}
	if (!idle &&
		(number_parse_u64(c->value, &v.value) != 0 || v.value < 1 || v.value > 10000)) {
		return setting_error(c, 0, "\"%.64s\" is not a weight from 1 to 10000", c->value);
	}
	*amount = v;
	return 0;
}

int parse_delegate(struct setting_context *c)
{
	struct unit_cgroup *g = &c->unit->cgroup;

	g->delegate_controllers = NULL;
	if (value_parse_bool(c->value, &g->delegate) != 0) {
		g->delegate = true;
		g->delegate_controllers = c->value;
	}
	return 0;
}

int parse_device(struct setting_context *c)
{
	struct list *devices = c->target;
	struct word node, access = { 0 };
	const char *p = c->value;
	struct unit_device *row;
	int r = word_next(&p, c->value, c->arena, &node);

	if (r == 0) {
		list_reset(devices);
		return 0;
	}
	r = r > 0 ? word_next(&p, c->value, c->arena, &access) : r;
	if (r < 0) {
		return r == -ENOMEM ? r : setting_error(c, 0, "quote is not closed");
	}
	if (!value_is_path(node.text) && strncmp(node.text, "char-", 5) != 0 &&
		strncmp(node.text, "block-", 6) != 0) {
		return setting_error(c, node.column,
			"\"%.64s\" is neither a path nor char-… or block-…", node.text);
	}
	if (access.text && (!*access.text || access.text[strspn(access.text, "rwm")])) {
		return setting_error(c, access.column, "access is made of r, w and m");
	}
	row = list_push(c->arena, devices, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = (struct unit_device) { node.text, access.text ? access.text : "rwm", c->origin };
	return 0;
}
