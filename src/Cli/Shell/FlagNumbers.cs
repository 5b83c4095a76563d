using System.CommandLine;
using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Cli.Shell;

/// <summary>Numbers of flags, with one sentence for what is none.</summary>
internal static class FlagNumbers
{
    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>; null when the flag is not given.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static int? Whole(ParseResult parsed, Option<string> option, int min, int max = int.MaxValue)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        bool isTooLarge = text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('0', '9') && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int digits) || digits > max);
        if (isTooLarge) throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} {text}: it is a whole number from {min} to {max}"));
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min
            ? value
            : throw new InputException($"{option.Name} {text}: it is a whole number of at least {min}");
    }

    /// <summary>A number; its range is judged by what takes it. Null when the flag is not given.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static float? Real(ParseResult parsed, Option<string> option)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        return Real(text) ?? throw new InputException($"{option.Name} {text}: it is a number, such as 0.8");
    }

    /// <summary>The number that a text writes, or null.</summary>
    public static float? Real(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value) ? value : null;
}
