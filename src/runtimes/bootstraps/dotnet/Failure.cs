using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lambent {
  /// <summary>What is wrong with the function's package; its name is the one AWS's runtime answers.</summary>
  sealed class LambdaValidationException : Exception {
    public LambdaValidationException(string message) : base(message) {}
  }

  /// <summary>How what a handler threw is told.</summary>
  static class Failure {
    public static readonly JsonWriterOptions Writing = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] AnswerOf(Exception error) {
      var text = new MemoryStream();
      using (var json = new Utf8JsonWriter(text, Writing)) Write(json, error);
      return text.ToArray();
    }

    static void Write(Utf8JsonWriter json, Exception error) {
      json.WriteStartObject();
      json.WriteString("errorType", error.GetType().Name);
      json.WriteString("errorMessage", error.Message);
      json.WriteStartArray("stackTrace");
      foreach (var line in TraceOf(error)) json.WriteStringValue(line);
      json.WriteEndArray();
      var several = error as AggregateException;
      if (error.InnerException != null) {
        json.WritePropertyName("cause");
        Write(json, error.InnerException);
      }
      if (several != null) {
        json.WriteStartArray("causes");
        foreach (var one in several.InnerExceptions) Write(json, one);
        json.WriteEndArray();
      }
      json.WriteEndObject();
    }

    /// <summary>The function's own frames: they end where it was called.</summary>
    public static IList<string> TraceOf(Exception error) {
      var lines = new List<string>();
      if (error is LambdaValidationException || error.StackTrace == null) return lines;
      foreach (var line in error.StackTrace.Split('\n')) {
        var frame = line.TrimEnd();
        if (frame.StartsWith("   at Lambent.", StringComparison.Ordinal)) break;
        if (frame.Contains("InvokeStub_") || frame.Contains(" System.RuntimeMethodHandle.") || frame.Contains(" System.Reflection.")) continue;
        lines.Add(frame);
      }
      return lines;
    }
  }
}
