using System.Globalization;
using System.Text.RegularExpressions;
using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>Names and numbers of the parts of a split model: <c>model-00001-of-00003.gguf</c>.</summary>
/// <remarks>Source: metadata keys <c>split.no</c>, <c>split.count</c> and the name pattern of llama.cpp's splitting tool (b).</remarks>
internal sealed partial class SplitName
{
    private const string NumberKey = "split.no";
    private const string CountKey = "split.count";

    /// <summary>Five digits of the name pattern.</summary>
    private const int MostParts = 99999;

    private readonly string _prefix;

    private SplitName(string prefix, int count)
    {
        _prefix = prefix;
        Count = count;
    }

    public int Count { get; }

    /// <summary>Parts of the model that a part belongs to; 1 where it is whole.</summary>
    public static int CountOf(GgufPart part)
    {
        long count = part.Metadata.Integer(CountKey) ?? 1;
        return count is >= 0 and <= MostParts
            ? Math.Max((int)count, 1)
            : throw new InputException($"{part.Name}: {CountKey} is {count}, but must lie from 1 to {MostParts}; split the model again");
    }

    /// <summary>How the parts are called, null for a model in one file.</summary>
    /// <exception cref="InputException">The file is not the first part, or its name does not follow the pattern.</exception>
    public static SplitName? Of(GgufPart first, string path)
    {
        int count = CountOf(first);
        if (count == 1) return null;
        Match match = Pattern().Match(path);
        if (!match.Success || match.Groups["count"].Value != Digits(count))
            throw new InputException($"{path}: this is one of {count} parts of a split model, but its name does not end in -00001-of-{Digits(count)}.gguf; give the parts back their names");
        var name = new SplitName(match.Groups["prefix"].Value, count);
        long number = first.Metadata.Integer(NumberKey) ?? 0;
        if (number != 0) throw new InputException($"{path}: this is part {number + 1} of {count} of a split model; name the first part, {name.Path(0)}");
        return name;
    }

    /// <exception cref="InputException">The part is not there.</exception>
    public string Existing(int index)
    {
        string path = Path(index);
        return File.Exists(path) ? path : throw new InputException($"{path}: part {index + 1} of {Count} of the model is missing; put all parts into one folder");
    }

    public void Check(GgufPart part, int index)
    {
        if (CountOf(part) != Count || part.Metadata.Integer(NumberKey) != index)
            throw new InputException($"{part.Name}: the file does not say that it is part {index + 1} of {Count}; fetch the parts of one model again");
    }

    private string Path(int index) => $"{_prefix}-{Digits(index + 1)}-of-{Digits(Count)}.gguf";

    private static string Digits(int number) => number.ToString("D5", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<prefix>.*)-\d{5}-of-(?<count>\d{5})\.gguf$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Pattern();
}
