using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Lambent {
  /// <summary>A message with places for arguments: `{name}`, `{0}`, `{price:0.00}`, `{@whole}`; `{{` is a brace.</summary>
  sealed class Template {
    struct Place {
      public string Before;
      /// <summary>Null for the text after the last one.</summary>
      public string Name;
      public string Format;
      public bool Whole;
    }

    /// <summary>A value to be shown as JSON.</summary>
    public sealed class Whole {
      public readonly object Value;
      public Whole(object value) { Value = value; }
      public override string ToString() { return JsonSerializer.Serialize(Value); }
    }

    readonly List<Place> places = new List<Place>();

    public Template(string text) {
      var before = new StringBuilder();
      for (var at = 0; at < text.Length; at++) {
        var character = text[at];
        var doubled = at + 1 < text.Length && text[at + 1] == character;
        if ((character == '{' || character == '}') && doubled) {
          before.Append(character);
          at++;
        } else if (character == '{' && text.IndexOf('}', at) > at + 1) {
          var end = text.IndexOf('}', at);
          var inside = text.Substring(at + 1, end - at - 1);
          var colon = inside.IndexOf(':');
          var name = colon < 0 ? inside : inside.Substring(0, colon);
          places.Add(new Place {
            Before = before.ToString(),
            Name = name.TrimStart('@'),
            Format = colon < 0 ? null : inside.Substring(colon + 1),
            Whole = name.StartsWith("@", StringComparison.Ordinal),
          });
          before.Clear();
          at = end;
        } else before.Append(character);
      }
      places.Add(new Place { Before = before.ToString() });
    }

    /// <summary>By their numbers when all are numbered, else one after the other.</summary>
    bool Numbered {
      get {
        foreach (var place in places) {
          int number;
          if (place.Name != null && !int.TryParse(place.Name, NumberStyles.None, CultureInfo.InvariantCulture, out number)) return false;
        }
        return true;
      }
    }

    IEnumerable<KeyValuePair<Place, object>> Filled(object[] arguments) {
      var numbered = Numbered;
      for (var at = 0; at < places.Count; at++) {
        var place = places[at];
        var index = place.Name == null ? -1 : numbered ? int.Parse(place.Name, CultureInfo.InvariantCulture) : at;
        object value = index < 0 || index >= arguments.Length ? null : arguments[index];
        if (place.Whole && value != null) value = new Whole(value);
        else if (place.Format != null && value is IFormattable) value = ((IFormattable)value).ToString(place.Format, CultureInfo.InvariantCulture);
        yield return new KeyValuePair<Place, object>(place, value);
      }
    }

    public string Fill(object[] arguments) {
      var text = new StringBuilder();
      foreach (var filled in Filled(arguments)) {
        text.Append(filled.Key.Before).Append(Convert.ToString(filled.Value, CultureInfo.InvariantCulture));
      }
      return text.ToString();
    }

    /// <summary>Arguments by the names of their places.</summary>
    public IEnumerable<KeyValuePair<string, object>> Members(object[] arguments) {
      foreach (var filled in Filled(arguments)) {
        if (filled.Key.Name != null && filled.Value != null) yield return new KeyValuePair<string, object>(filled.Key.Name, filled.Value);
      }
    }
  }
}
