// SPDX-License-Identifier: MIT
/* What the fault test starts in roots of its own: needs nothing and succeeds. */
int main(void)
{
	return 0;
}
