// SPDX-License-Identifier: MIT
#include "bootplot.h"

#include <inttypes.h>

#include "../../runtime/base/cleanup.h"

#define WIDTH_MAX  1500u
#define TICK_PX    80u
#define ROW_PX     20u
#define BAR_PX     16u
#define MARK_PX    3
#define LEFT_PX    20u
#define TOP_PX     60u
#define LABEL_PX   160u /* room to the right for what begins last */
#define LEGEND_PX  50u
#define BACK_COLOR "#ffffff"

enum color {
	COLOR_PART,
	COLOR_ACTIVATING,
	COLOR_ACTIVE,
	COLOR_DEACTIVATING,
	COLOR_COUNT,
};

static const struct {
	const char *fill, *meaning;
} colors[COLOR_COUNT] = {
	[COLOR_PART] = { "#8a9a5b", "part of the boot" },
	[COLOR_ACTIVATING] = { "#e98b96", "starts" },
	[COLOR_ACTIVE] = { "#c9dcec", "active" },
	[COLOR_DEACTIVATING] = { "#8d7b9e", "stops" },
};

usec_t bootplot_nice(usec_t at_least)
{
	static const usec_t steps[] = { 1, 2, 5 };
	usec_t power = 1;

	for (;;) {
		for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
			if (steps[i] * power >= at_least) {
				return steps[i] * power;
			}
		}
		if (power > USEC_INFINITY / 100) {
			return at_least;
		}
		power *= 10;
	}
}

void bootplot_scale(const struct boottime *b, struct bootplot_scale *ret)
{
	usec_t origin = boottime_origin(b);
	usec_t end = b->finish > origin ? b->finish : origin + 1;

	ret->origin = origin;
	ret->end = end;
	ret->us_per_px = bootplot_nice((end - origin + WIDTH_MAX - 1) / WIDTH_MAX);
	ret->tick_us = bootplot_nice(ret->us_per_px * TICK_PX);
}

double bootplot_x(const struct bootplot_scale *s, usec_t at)
{
	at = at < s->origin ? s->origin : at > s->end ? s->end : at;
	return (double)(at - s->origin) / (double)s->us_per_px;
}

/* ---- the picture ---- */

struct drawing {
	FILE *out;
	struct bootplot_scale scale;
	unsigned width; /* of the time axis */
	unsigned row;
};

static void escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		default:
			/* Control characters are not allowed in XML at all. */
			putc((unsigned char)*text < ' ' ? '?' : *text, out);
		}
	}
}

static unsigned row_y(const struct drawing *d)
{
	return TOP_PX + d->row * ROW_PX;
}

static void bar(struct drawing *d, enum color color, usec_t begin, usec_t end)
{
	double x = bootplot_x(&d->scale, begin);
	double width = bootplot_x(&d->scale, end) - x;

	/* What the boot ends with has just become active: it is to be seen as that. */
	if (color == COLOR_ACTIVE && width < MARK_PX) {
		width = MARK_PX;
	}
	if (width > 0) {
		fprintf(d->out,
			"<rect class=\"c%d\" x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\"/>\n",
			(int)color, LEFT_PX + x, row_y(d), width, BAR_PX);
	}
}

/* Beside the bar's begin: to the right of it, or to the left where the picture ends. */
static void label(struct drawing *d, const char *name, usec_t begin, usec_t took)
{
	double x = bootplot_x(&d->scale, begin);
	bool left = x > d->width * 0.75;
	char text[WHEN_TEXT];

	fprintf(d->out, "<text x=\"%.2f\" y=\"%u\"%s>", LEFT_PX + x + (left ? -4 : 4),
		row_y(d) + BAR_PX - 4, left ? " class=\"e\"" : "");
	escape(d->out, name);
	if (took) {
		boottime_span(took, text);
		fprintf(d->out, " (%s)", text);
	}
	fputs("</text>\n", d->out);
	d->row++;
}

static void draw_unit(struct drawing *d, const struct boottime_unit *u)
{
	usec_t done = boottime_done(u), began = u->activating;
	usec_t stops = u->deactivating >= done && done ? u->deactivating : d->scale.end;
	usec_t ended = u->deactivated >= stops ? u->deactivated : d->scale.end;

	bar(d, COLOR_ACTIVATING, began, done ? done : d->scale.end);
	if (u->activated >= began && done) {
		bar(d, COLOR_ACTIVE, u->activated, stops);
		bar(d, COLOR_DEACTIVATING, stops, ended);
	}
	label(d, u->name, began, boottime_took(u));
}

static void draw_axis(struct drawing *d, unsigned rows)
{
	usec_t length = d->scale.end - d->scale.origin;

	for (usec_t at = 0; at <= length; at += d->scale.tick_us) {
		double x = LEFT_PX + bootplot_x(&d->scale, d->scale.origin + at);

		fprintf(d->out,
			"<line x1=\"%.2f\" y1=\"%u\" x2=\"%.2f\" y2=\"%u\"/>\n"
			"<text class=\"m\" x=\"%.2f\" y=\"%u\">%g s</text>\n",
			x, TOP_PX - 6, x, TOP_PX + rows * ROW_PX, x, TOP_PX - 10,
			(double)at / (double)USEC_PER_SEC);
	}
}

static void draw_legend(struct drawing *d)
{
	unsigned y = row_y(d) + ROW_PX / 2;

	for (size_t i = 0; i < COLOR_COUNT; i++) {
		unsigned x = LEFT_PX + (unsigned)i * 160;

		fprintf(d->out,
			"<rect class=\"c%zu\" x=\"%u\" y=\"%u\" width=\"30\" height=\"%u\"/>"
			"<text x=\"%u\" y=\"%u\">%s</text>\n",
			i, x, y, BAR_PX, x + 36, y + BAR_PX - 4, colors[i].meaning);
	}
}

static void write_head(struct drawing *d, unsigned rows, const char *title)
{
	unsigned width = LEFT_PX + d->width + LABEL_PX;
	unsigned height = TOP_PX + rows * ROW_PX + LEGEND_PX;

	fprintf(d->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\""
		" viewBox=\"0 0 %u %u\">\n<style>\n"
		"text { font: 12px sans-serif; fill: #222 }\n"
		"text.e { text-anchor: end } text.m { text-anchor: middle; fill: #666 }\n"
		"text.t { font-size: 15px; font-weight: bold }\n"
		"line { stroke: #ddd; stroke-width: 1 }\n",
		width, height, width, height);
	for (size_t i = 0; i < COLOR_COUNT; i++) {
		fprintf(d->out, "rect.c%zu { fill: %s }\n", i, colors[i].fill);
	}
	fprintf(d->out,
		"</style>\n<rect width=\"%u\" height=\"%u\" fill=\"" BACK_COLOR "\"/>\n"
		"<text class=\"t\" x=\"%u\" y=\"24\">",
		width, height, LEFT_PX);
	escape(d->out, title);
	fputs("</text>\n", d->out);
}

void bootplot_write(const struct bootplot *plot, FILE *out)
{
	struct drawing d = { .out = out };
	unsigned rows = (unsigned)(plot->n_parts + plot->n_units);
	char span[WHEN_TEXT], title[WHEN_TEXT + 32];

	bootplot_scale(plot->boot, &d.scale);
	d.width = (unsigned)bootplot_x(&d.scale, d.scale.end) + 1;
	boottime_span(d.scale.end - d.scale.origin, span);
	snprintf(title, sizeof(title), "Startup finished in %s", span);
	write_head(&d, rows, title);
	draw_axis(&d, rows);
	for (size_t i = 0; i < plot->n_parts; i++) {
		const struct bootplot_part *p = &plot->parts[i];

		bar(&d, COLOR_PART, p->begin, p->end);
		label(&d, p->name, p->begin, p->end - p->begin);
	}
	for (size_t i = 0; i < plot->n_units; i++) {
		draw_unit(&d, plot->units[i]);
	}
	draw_legend(&d);
	fputs("</svg>\n", out);
}
