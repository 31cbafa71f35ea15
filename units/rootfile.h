// SPDX-License-Identifier: MIT
/*
 * Files by which root tells supd what to do: supd.conf, fstab. What others could have written does
 * not count, and what is no file is not opened: a FIFO would be waited for, and some devices begin
 * to work when they are opened.
 */
#pragma once

#include <sys/types.h>

/*
 * A descriptor for reading, or -errno with the reason in *ret_why: it is missing (-ENOENT) or
 * cannot be opened, is no regular file (-EINVAL), belongs to neither root nor the caller or has
 * one of these bits in its mode (-EPERM).
 */
int rootfile_open(const char *path, mode_t forbidden, const char **ret_why);
