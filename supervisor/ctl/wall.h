// SPDX-License-Identifier: MIT
/*
 * What those who are logged in are told before the machine goes down, and who has asked logind that
 * it should not.
 */
#pragma once

#include <stdio.h>

/*
 * Writes "Broadcast message from WHO@HOST (TIME):", an empty line and the text to every terminal
 * that utmp has somebody at; nobody is waited for.
 */
void wall_send(const char *text);

/*
 * Looks through a directory of logind's (/run/systemd/inhibit) for those that block a shutdown and
 * says each to err; how many there are.
 */
unsigned wall_inhibitors(const char *dir, FILE *err);
