/* Keeps a shadow of a folder that holds only what was made durable: the bytes of a file as of its last fsync or fdatasync, the names in a
 * folder as of its last fsync. Preloaded into a process (LD_PRELOAD), with HUIMIN_SHADOW_OF (the folder watched) and HUIMIN_SHADOW_IN.
 *
 * Nothing else needs to be intercepted: what was written, renamed or removed without a sync after it never reaches the shadow. Files are
 * kept by inode and time of birth, since inode numbers are used again. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int identify(int dir, const char *name, int flags, char *key, size_t size, int *is_folder) {
    struct statx found;
    if (statx(dir, name, flags | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME | STATX_TYPE, &found)) return -1;
    *is_folder = S_ISDIR(found.stx_mode);
    snprintf(key, size, "%llu-%lld-%u", (unsigned long long)found.stx_ino, (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
    return 0;
}

static void copy(int from, int to) {
    static char buffer[1 << 20];
    off_t at = 0;
    ssize_t n;
    while ((n = pread(from, buffer, sizeof buffer, at)) > 0) {
        if (write(to, buffer, (size_t)n) != n) abort();
        at += n;
    }
}

static void list(const char *path, int to) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    char key[96], line[NAME_MAX + 128];
    int is_folder;
    while (folder && (entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (identify(dirfd(folder), entry->d_name, 0, key, sizeof key, &is_folder)) continue;
        int n = snprintf(line, sizeof line, "%c %s %s\n", is_folder ? 'd' : 'f', key, entry->d_name);
        if (write(to, line, (size_t)n) != n) abort();
    }
    if (folder) closedir(folder);
}

static void mirror(int fd) {
    const char *of = getenv("HUIMIN_SHADOW_OF"), *in = getenv("HUIMIN_SHADOW_IN");
    char link[64], path[PATH_MAX], key[96], aside[PATH_MAX], target[PATH_MAX];
    int is_folder;
    if (!of || !in) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return;
    path[n] = 0;
    if (strncmp(path, of, strlen(of)) || identify(fd, "", AT_EMPTY_PATH, key, sizeof key, &is_folder)) return;
    snprintf(aside, sizeof aside, "%s/writing-%d", in, (int)getpid());
    snprintf(target, sizeof target, "%s/%s", in, key);
    int to = open(aside, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (to < 0) abort();
    if (is_folder) {
        list(path, to);
    } else if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        int again = open(link, O_RDONLY); /* never for SQLite's files: closing this would drop their locks */
        if (again < 0) abort();
        copy(again, to);
        close(again);
    } else {
        copy(fd, to);
    }
    close(to);
    if (rename(aside, target)) abort();
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (!result) mirror(fd);
    return result;
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (!result) mirror(fd);
    return result;
}
