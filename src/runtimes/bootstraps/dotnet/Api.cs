using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Lambent {
  /// <summary>One answer of the server; names of headers in lower case.</summary>
  sealed class Message {
    public readonly Dictionary<string, string> Headers = new Dictionary<string, string>();
    public byte[] Body = new byte[0];
  }

  /// <summary>The Runtime API on file descriptor 3, and the log on 4.</summary>
  sealed class Api {
    readonly Stream reader = Open(3, FileAccess.Read, 64 * 1024);
    readonly Stream writer = Open(3, FileAccess.Write, 1);
    readonly Stream log = Open(4, FileAccess.Write, 1);

    static Stream Open(int descriptor, FileAccess access, int buffer) {
      return new FileStream(new SafeFileHandle((IntPtr)descriptor, false), access, buffer, false);
    }

    public void Ask(string path) {
      Send(writer, Encoding.ASCII.GetBytes("GET " + path + " HTTP/1.1\r\n\r\n"));
    }

    /// <summary>Posts and, in the same write, asks for what comes next; acknowledgements are passed over.</summary>
    public void Post(string path, string headers, byte[] body, string thenAsk) {
      var head = "POST " + path + " HTTP/1.1\r\nContent-Length: " + body.Length.ToString(CultureInfo.InvariantCulture) +
        "\r\nLambent-Memory-Kb: " + ResidentKb().ToString(CultureInfo.InvariantCulture) + "\r\n" + headers + "\r\n";
      var all = new MemoryStream(body.Length + 512);
      Put(all, head);
      all.Write(body, 0, body.Length);
      if (thenAsk != null) Put(all, "GET " + thenAsk + " HTTP/1.1\r\n\r\n");
      Send(writer, all.ToArray());
    }

    static void Put(Stream to, string text) {
      var bytes = Encoding.ASCII.GetBytes(text);
      to.Write(bytes, 0, bytes.Length);
    }

    static void Send(Stream to, byte[] bytes) {
      to.Write(bytes, 0, bytes.Length);
      to.Flush();
    }

    /// <summary>The next message that carries a header. Throws EndOfStreamException when the server has gone.</summary>
    public Message Await(string header) {
      for (;;) {
        var message = Read();
        if (message.Headers.ContainsKey(header)) return message;
      }
    }

    Message Read() {
      var message = new Message();
      Line();
      for (var line = Line(); line.Length > 0; line = Line()) {
        var colon = line.IndexOf(':');
        if (colon > 0) message.Headers[line.Substring(0, colon).ToLowerInvariant()] = line.Substring(colon + 1).Trim();
      }
      string length;
      if (!message.Headers.TryGetValue("content-length", out length)) return message;
      message.Body = new byte[int.Parse(length, CultureInfo.InvariantCulture)];
      for (var have = 0; have < message.Body.Length;) {
        var more = reader.Read(message.Body, have, message.Body.Length - have);
        if (more <= 0) throw new EndOfStreamException();
        have += more;
      }
      return message;
    }

    string Line() {
      var line = new MemoryStream(80);
      for (var next = reader.ReadByte(); next != '\n'; next = reader.ReadByte()) {
        if (next < 0) throw new EndOfStreamException();
        if (next != '\r') line.WriteByte((byte)next);
      }
      return Encoding.UTF8.GetString(line.ToArray());
    }

    /// <summary>One event of the log, however many lines it has.</summary>
    public void Record(string text) {
      var body = new UTF8Encoding(false).GetBytes(text);
      var framed = new byte[body.Length + 4];
      framed[0] = (byte)(body.Length >> 24);
      framed[1] = (byte)(body.Length >> 16);
      framed[2] = (byte)(body.Length >> 8);
      framed[3] = (byte)body.Length;
      Buffer.BlockCopy(body, 0, framed, 4, body.Length);
      lock (log) Send(log, framed);
    }

    /// <summary>What the process holds: pages of four kilobytes, the second field of statm. proc(5)</summary>
    static long ResidentKb() {
      try {
        return long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * 4;
      } catch (IOException) {
        return Environment.WorkingSet / 1024;
      }
    }
  }
}
