// SPDX-License-Identifier: MIT
#include "catalogues.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../runtime/base/cleanup.h"

/* Without these a writer could change or shorten what was already checked. */
#define SEALS_NEEDED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void catalogues_init(struct catalogues *c)
{
	for (size_t i = 0; i < ELEMENTSOF(c->slots); i++) {
		c->slots[i] = (struct catalogue_slot) { .number = CATALOGUE_NONE };
	}
	c->coming = (struct catalogue_slot) { .number = CATALOGUE_NONE };
}

static void slot_free(struct catalogue_slot *s)
{
	arena_fini(&s->arena);
	munmap(s->base, s->size);
	*s = (struct catalogue_slot) { .number = CATALOGUE_NONE };
}

void catalogues_fini(struct catalogues *c)
{
	for (size_t i = 0; i < ELEMENTSOF(c->slots); i++) {
		if (c->slots[i].number != CATALOGUE_NONE) {
			slot_free(&c->slots[i]);
		}
	}
	if (c->coming.number != CATALOGUE_NONE) {
		slot_free(&c->coming);
	}
}

static struct catalogue_slot *find(const struct catalogues *c, uint32_t number)
{
	for (size_t i = 0; i < ELEMENTSOF(c->slots); i++) {
		if (c->slots[i].number == number) {
			return (struct catalogue_slot *)&c->slots[i];
		}
	}
	return NULL;
}

static int map_manifest(int fd, void **ret_base, size_t *ret_size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	void *base;

	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED) {
		return -EBADMSG;
	}
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (st.st_size <= 0 || (uint64_t)st.st_size > LIMIT_MANIFEST_BYTES) {
		return -EBADMSG;
	}
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (base == MAP_FAILED) {
		return -errno;
	}
	*ret_base = base;
	*ret_size = (size_t)st.st_size;
	return 0;
}

int catalogues_begin(struct catalogues *c, uint32_t number, int fd)
{
	struct catalogue_slot *s = &c->coming;
	int r;

	if (number == CATALOGUE_NONE || s->number != CATALOGUE_NONE || find(c, number)) {
		return -EBADMSG;
	}
	if (!find(c, CATALOGUE_NONE)) {
		return -ENOSPC;
	}
	r = map_manifest(fd, &s->base, &s->size);
	if (r < 0) {
		return r;
	}
	arena_init(&s->arena);
	s->number = number;
	r = manifest_decode_begin(s->base, s->size, &s->arena, &c->decoder);
	if (r < 0) {
		slot_free(s);
	}
	return r;
}

int catalogues_some(struct catalogues *c, uint32_t max, const struct manifest **ret_manifest)
{
	struct catalogue_slot *s;
	int r = manifest_decode_some(&c->decoder, max);

	if (r < 0) {
		slot_free(&c->coming);
	}
	if (r != 0) {
		return r;
	}
	s = find(c, CATALOGUE_NONE);
	*s = c->coming;
	s->manifest = c->decoder.manifest;
	c->coming = (struct catalogue_slot) { .number = CATALOGUE_NONE };
	*ret_manifest = &s->manifest;
	return 0;
}

void catalogues_rest(struct catalogues *c)
{
	for (size_t i = 0; i < ELEMENTSOF(c->slots); i++) {
		if (c->slots[i].number != CATALOGUE_NONE) {
			(void)madvise(c->slots[i].base, c->slots[i].size, MADV_DONTNEED);
		}
	}
}

const struct manifest *catalogues_find(const struct catalogues *c, uint32_t number)
{
	const struct catalogue_slot *s = number == CATALOGUE_NONE ? NULL : find(c, number);

	return s ? &s->manifest : NULL;
}

void catalogues_drop(struct catalogues *c, uint32_t number)
{
	struct catalogue_slot *s = number == CATALOGUE_NONE ? NULL : find(c, number);

	if (s) {
		slot_free(s);
	}
}
