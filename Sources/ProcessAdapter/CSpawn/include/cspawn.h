// Calls of glibc that Swift's module of it leaves out, because they are beyond POSIX.
#ifndef CSPAWN_H
#define CSPAWN_H

/// pipe2(2), closed on exec. 0, or errno.
int cspawn_pipe(int ends[2]);
/// posix_spawn_file_actions_addclosefrom_np(3) of a posix_spawn_file_actions_t (including <spawn.h> here would make
/// Swift take parts of it for this module's): the child has no descriptor from this one on. 0, or errno.
int cspawn_close_from(void *actions, int first);
/// posix_spawn_file_actions_addchdir_np(3): the child runs there. 0, or errno.
int cspawn_change_directory(void *actions, const char *path);

#endif
