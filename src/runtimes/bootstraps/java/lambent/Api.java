package lambent;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The Runtime API on file descriptor 3, and the log on 4. */
final class Api {
  /** One answer of the server. */
  static final class Message {
    final Map<String, String> headers = new HashMap<>();
    byte[] body = new byte[0];
  }

  private final InputStream in;
  private final OutputStream out;
  private final OutputStream log;

  Api() throws ReflectiveOperationException {
    Constructor<FileDescriptor> make = FileDescriptor.class.getDeclaredConstructor(int.class);
    make.setAccessible(true);
    FileDescriptor api = make.newInstance(3);
    in = new BufferedInputStream(new FileInputStream(api), 64 * 1024);
    out = new FileOutputStream(api);
    log = new FileOutputStream(make.newInstance(4));
  }

  void ask(String path) throws IOException {
    out.write(("GET " + path + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Posts and, in the same write, asks for what comes next; acknowledgements are passed over. */
  void post(String path, String headers, byte[] body, String thenAsk) throws IOException {
    long held = Memory.residentKb();
    ByteArrayOutputStream all = new ByteArrayOutputStream(body.length + 512);
    String head =
        "POST " + path + " HTTP/1.1\r\nContent-Length: " + body.length + "\r\nLambent-Memory-Kb: " + held + "\r\n" + headers + "\r\n";
    all.write(head.getBytes(StandardCharsets.UTF_8));
    all.write(body);
    if (thenAsk != null) all.write(("GET " + thenAsk + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
    all.writeTo(out);
  }

  /** The next message that carries `header`. */
  Message await(String header) throws IOException {
    for (;;) {
      Message message = read();
      if (message.headers.containsKey(header)) return message;
    }
  }

  private Message read() throws IOException {
    Message message = new Message();
    line();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon > 0) message.headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
    }
    int length = Integer.parseInt(message.headers.getOrDefault("content-length", "0"));
    message.body = in.readNBytes(length);
    if (message.body.length < length) throw new EOFException();
    return message;
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(80);
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) throw new EOFException();
      if (next != '\r') line.write(next);
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  /** One event of the log, however many lines it has. */
  synchronized void record(byte[] text) {
    byte[] framed = new byte[text.length + 4];
    framed[0] = (byte) (text.length >>> 24);
    framed[1] = (byte) (text.length >>> 16);
    framed[2] = (byte) (text.length >>> 8);
    framed[3] = (byte) text.length;
    System.arraycopy(text, 0, framed, 4, text.length);
    try {
      log.write(framed);
    } catch (IOException gone) {
      Runtime.getRuntime().halt(0);
    }
  }

  void record(String text) {
    record(text.getBytes(StandardCharsets.UTF_8));
  }
}
