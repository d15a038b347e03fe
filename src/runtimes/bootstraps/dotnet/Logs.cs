using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Lambent {
  /// <summary>
  /// What a function prints and logs, a record each, as text or JSON, from the level on that it wants.
  /// https://docs.aws.amazon.com/lambda/latest/dg/csharp-logging.html
  /// </summary>
  sealed class Logs {
    static readonly string[] Levels = { "Trace", "Debug", "Information", "Warning", "Error", "Critical" };
    static readonly string[] Labels = { "trce", "dbug", "info", "warn", "fail", "crit" };

    readonly Api api;
    readonly bool json;
    readonly bool bare;
    readonly int lowest;
    readonly List<LineWriter> writers = new List<LineWriter>();
    public string RequestId;
    public string TraceId;

    public Logs(Api api, Func<string, string> variable) {
      this.api = api;
      json = variable("AWS_LAMBDA_LOG_FORMAT") == "JSON";
      bare = variable("AWS_LAMBDA_HANDLER_LOG_FORMAT") == "Unformatted";
      lowest = LevelOf(variable("AWS_LAMBDA_HANDLER_LOG_LEVEL") ?? variable("AWS_LAMBDA_LOG_LEVEL") ?? "Information");
    }

    /// <summary>AWS's names of levels and .NET's; what is neither counts as information.</summary>
    static int LevelOf(string name) {
      switch (name.ToUpperInvariant()) {
        case "TRACE": return 0;
        case "DEBUG": return 1;
        case "WARN": case "WARNING": return 3;
        case "ERROR": return 4;
        case "FATAL": case "CRITICAL": return 5;
        default: return 2;
      }
    }

    public void Write(string level, Exception error, string template, object[] arguments) {
      var rank = LevelOf(level);
      if (rank < lowest) return;
      var message = template == null ? "" : arguments == null || arguments.Length == 0 ? template : new Template(template).Fill(arguments);
      var time = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
      if (json) api.Record(Json(time, Levels[rank], error, message, template, arguments) + "\n");
      else {
        var prefix = bare ? "" : time + "\t" + RequestId + "\t" + Labels[rank] + "\t";
        var trace = error == null ? "" : (message.Length == 0 ? "" : "\n") + error;
        api.Record(prefix + message + trace + "\n");
      }
    }

    string Json(string time, string level, Exception error, string message, string template, object[] arguments) {
      var text = new MemoryStream();
      using (var writer = new Utf8JsonWriter(text, Failure.Writing)) {
        writer.WriteStartObject();
        writer.WriteString("timestamp", time);
        writer.WriteString("level", level);
        if (!string.IsNullOrEmpty(RequestId)) writer.WriteString("requestId", RequestId);
        if (!string.IsNullOrEmpty(TraceId)) writer.WriteString("traceId", TraceId);
        writer.WriteString("message", message);
        if (arguments != null && arguments.Length > 0) {
          foreach (var member in new Template(template).Members(arguments)) {
            writer.WritePropertyName(member.Key);
            WriteValue(writer, member.Value);
          }
        }
        if (error != null) {
          writer.WriteString("errorType", error.GetType().FullName);
          writer.WriteString("errorMessage", error.Message);
          writer.WriteStartArray("stackTrace");
          foreach (var line in error.ToString().Split('\n')) writer.WriteStringValue(line.Trim());
          writer.WriteEndArray();
        }
        writer.WriteEndObject();
      }
      return Encoding.UTF8.GetString(text.ToArray());
    }

    static void WriteValue(Utf8JsonWriter writer, object value) {
      var list = value as IList;
      var map = value as IDictionary;
      if (map != null) {
        writer.WriteStartObject();
        foreach (DictionaryEntry entry in map) {
          writer.WritePropertyName(Convert.ToString(entry.Key, CultureInfo.InvariantCulture));
          WriteValue(writer, entry.Value);
        }
        writer.WriteEndObject();
      } else if (list != null && !(value is byte[])) {
        writer.WriteStartArray();
        foreach (var item in list) WriteValue(writer, item);
        writer.WriteEndArray();
      } else if (value is bool || value is byte || value is sbyte || value is short || value is ushort || value is int || value is uint
        || value is long || value is ulong || value is float || value is double || value is decimal || value is Template.Whole) {
        var whole = value as Template.Whole;
        JsonSerializer.Serialize(writer, whole == null ? value : whole.Value);
      } else if (value is DateTime) writer.WriteStringValue(((DateTime)value).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
      else writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
    }

    /// <summary>Answers a call of ILambdaLogger: `Log`, `LogLine` or `LogWarning` with a level, an exception, a message and arguments.</summary>
    public object Log(MethodInfo method, object[] given) {
      var level = method.Name == "Log" || method.Name == "LogLine" ? "Information" : method.Name.Substring(3);
      var arguments = given.ToList();
      var names = method.GetParameters().Select(parameter => parameter.Name).ToList();
      var at = names.IndexOf("level");
      if (at >= 0) level = Convert.ToString(arguments[at], CultureInfo.InvariantCulture);
      var exception = arguments.OfType<Exception>().FirstOrDefault();
      var message = arguments[names.IndexOf("message")];
      Write(level, exception, Convert.ToString(message, CultureInfo.InvariantCulture), arguments.LastOrDefault() as object[]);
      return null;
    }

    /// <summary>AWS's library logs through fields that the runtime sets; older versions lack some of them.</summary>
    public void Adopt(Assembly loaded) {
      if (loaded.GetName().Name != "Amazon.Lambda.Core") return;
      var logger = loaded.GetType("Amazon.Lambda.Core.LambdaLogger");
      if (logger == null) return;
      Adopt(logger, "_loggingAction", new Action<string>(message => Write("Information", null, message, null)));
      Adopt(logger, "_loggingWithLevelAction", new Action<string, string, object[]>((level, message, arguments) => Write(level, null, message, arguments)));
      Adopt(logger, "_loggingWithLevelAndExceptionAction",
        new Action<string, Exception, string, object[]>((level, error, message, arguments) => Write(level, error, message, arguments)));
    }

    static void Adopt(Type logger, string name, Delegate action) {
      var field = logger.GetField(name, BindingFlags.NonPublic | BindingFlags.Static);
      if (field != null && field.FieldType.IsInstanceOfType(action)) field.SetValue(null, action);
    }

    /// <summary>For the console: each line is a record of this level.</summary>
    public TextWriter Writer(string level) {
      var writer = new LineWriter(this, level);
      writers.Add(writer);
      return TextWriter.Synchronized(writer);
    }

    /// <summary>Writes what stands without a newline.</summary>
    public void Flush() {
      foreach (var writer in writers) writer.End();
    }

    sealed class LineWriter : TextWriter {
      readonly Logs logs;
      readonly string level;
      readonly StringBuilder line = new StringBuilder();

      public LineWriter(Logs logs, string level) : base(CultureInfo.InvariantCulture) {
        this.logs = logs;
        this.level = level;
      }

      public override Encoding Encoding { get { return Encoding.UTF8; } }

      public override void Write(char character) {
        lock (line) {
          if (character == '\n') Take();
          else line.Append(character);
        }
      }

      /// <summary>A line that holds newlines stays one event.</summary>
      public override void WriteLine(string text) {
        lock (line) {
          line.Append(text);
          Take();
        }
      }

      public void End() {
        lock (line) if (line.Length > 0) Take();
      }

      void Take() {
        logs.Write(level, null, line.ToString(), null);
        line.Clear();
      }
    }
  }
}
