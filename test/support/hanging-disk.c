// Loaded into a process: a file system that hangs. What changes files below HANGING_FOLDER waits as long as the file HANGING_WHILE exists.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static void wait_for(const char *path) {
  const char *folder = getenv("HANGING_FOLDER");
  const char *file = getenv("HANGING_WHILE");
  if (!folder || !file || strncmp(path, folder, strlen(folder)) != 0) return;
  while (access(file, F_OK) == 0) usleep(10000);
}

static void wait_for_open(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  wait_for(path);
}

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))

ssize_t write(int descriptor, const void *bytes, size_t length) {
  wait_for_open(descriptor);
  return NEXT("write", ssize_t (*)(int, const void *, size_t))(descriptor, bytes, length);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t at) {
  wait_for_open(descriptor);
  return NEXT("pwrite64", ssize_t (*)(int, const void *, size_t, off_t))(descriptor, bytes, length, at);
}

int fdatasync(int descriptor) {
  wait_for_open(descriptor);
  return NEXT("fdatasync", int (*)(int))(descriptor);
}

int rename(const char *from, const char *to) {
  wait_for(from);
  return NEXT("rename", int (*)(const char *, const char *))(from, to);
}

int unlink(const char *path) {
  wait_for(path);
  return NEXT("unlink", int (*)(const char *))(path);
}
