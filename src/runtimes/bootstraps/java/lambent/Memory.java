package lambent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the process holds, as the kernel tells it. */
final class Memory {
  private static final Path STATUS = Path.of("/proc/self/statm");
  private static final int PAGE_KB = 4;

  private Memory() {}

  static long residentKb() {
    try {
      return Long.parseLong(Files.readString(STATUS).split(" ")[1]) * PAGE_KB;
    } catch (IOException elsewhere) {
      Runtime jvm = Runtime.getRuntime();
      return (jvm.totalMemory() - jvm.freeMemory()) / 1024;
    }
  }
}
