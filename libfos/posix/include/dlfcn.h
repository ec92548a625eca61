/* SPDX-License-Identifier: MIT */
/* Programs are static: nothing can be loaded. */
#ifndef FOS_POSIX_DLFCN_H
#define FOS_POSIX_DLFCN_H

#define RTLD_LAZY    0x1
#define RTLD_NOW     0x2
#define RTLD_GLOBAL  0x100
#define RTLD_LOCAL   0
#define RTLD_DEFAULT ((void *)0)

void *dlopen(const char *path, int flags);
void *dlsym(void *handle, const char *name);
int dlclose(void *handle);
char *dlerror(void);

#endif
