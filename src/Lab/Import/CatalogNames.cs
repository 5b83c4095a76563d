using System.Text;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Import;

/// <summary>Publishers' spellings of devices and models, matched to the catalogue by rule.</summary>
internal static class CatalogNames
{
    /// <summary>Parts of marketing names that tell no two entries apart.</summary>
    private static readonly string[] Noise =
        ["nvidia", "geforce", "tesla", "amd", "instinct", "google", "gpu", "tensor", "core", "hbm2", "hbm2e", "hbm3", "hbm3e", "1"];

    /// <summary>
    /// <c>h100_sxm</c>, <c>NVIDIA H100 80GB HBM3</c>, <c>RTX4090</c>, <c>a100-80gb</c>: a name or alias but for punctuation; else the entry
    /// whose words include all of these, SXM before PCIe; else with the memory left out where it agrees; else the entry with the most words
    /// that are all among these. Null when nothing fits.
    /// </summary>
    public static DeviceSpec? Device(string spelling)
    {
        if (Exact(spelling) is { } exact) return exact;
        string[] words = [.. Words(spelling).Where(word => !Noise.Contains(word))];
        if (words.Length == 0) return null;
        if (Exact(string.Concat(words)) is { } plain) return plain;
        DeviceSpec? wider = Catalog.Devices
            .Where(device => words.All(Words(device.Name).Contains))
            .OrderByDescending(device => device.Aliases.Contains(words[0], StringComparer.OrdinalIgnoreCase))
            .ThenByDescending(device => Words(device.Name).Contains("sxm"))
            .ThenByDescending(device => device.Memory.Count)
            .FirstOrDefault();
        if (wider is not null) return wider;
        string[] bare = [.. words.Where(word => MemoryGigabytes(word) is null)];
        DeviceSpec? narrower = bare.Length == 0 ? null : Exact(string.Concat(bare)) ?? Catalog.Devices
            .SelectMany(device => device.Aliases.Prepend(device.Name).Select(name => (Device: device, Words: Words(name))))
            .Where(entry => entry.Words.All(bare.Contains))
            .OrderByDescending(entry => entry.Words.Length)
            .Select(entry => entry.Device)
            .FirstOrDefault();
        return narrower is not null && words.All(word => MemoryGigabytes(word) is not { } size || Agrees(narrower, size)) ? narrower : null;
    }

    /// <summary>How a node joins its devices, which the tables of collectives are about.</summary>
    private static readonly string[] Joins = ["dgx", "pairwise", "nvlink"];

    /// <summary>Words of a spelling that its catalogue entry knows nothing of, such as the <c>pcap</c> of a device under a power cap.</summary>
    public static IReadOnlyList<string> Unread(string spelling, DeviceSpec device)
    {
        if (Exact(spelling) is not null) return [];
        string[] words = [.. Words(spelling).Where(word => !Noise.Contains(word) && !Joins.Contains(word) && MemoryGigabytes(word) is null)];
        HashSet<string> known = [.. device.Aliases.Prepend(device.Name).SelectMany(Words)];
        return Exact(string.Concat(words)) is null ? [.. words.Where(word => !known.Contains(word))] : [];
    }

    /// <summary>A Hugging Face id, a catalogue name, or a folder such as <c>meta-llama__Llama-2-7b-hf</c>; null when the catalogue lacks it.</summary>
    public static ModelSpec? Model(string spelling)
    {
        string id = ModelId(spelling);
        if (Catalog.TryModel(id) is { } model) return model;
        string squeezed = Squeeze(id);
        return Catalog.Models.FirstOrDefault(m => Squeeze(m.Name) == squeezed || m.Aliases.Any(alias => Squeeze(alias) == squeezed));
    }

    /// <summary>File systems have no slash in names; publishers write two underscores.</summary>
    public static string ModelId(string spelling) => spelling.Replace("__", "/", StringComparison.Ordinal);

    private static DeviceSpec? Exact(string spelling)
    {
        string squeezed = Squeeze(spelling);
        return Catalog.Devices.FirstOrDefault(device => Squeeze(device.Name) == squeezed || device.Aliases.Any(alias => Squeeze(alias) == squeezed));
    }

    private static string Squeeze(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    /// <summary>Lower-case words; <c>sxm4</c> is <c>sxm</c>.</summary>
    private static string[] Words(string name)
    {
        StringBuilder text = new(name.Length);
        foreach (char letter in name) text.Append(char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : ' ');
        string[] words = text.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < words.Length; i++)
            if (words[i].Length == 4 && words[i].StartsWith("sxm", StringComparison.Ordinal) && char.IsAsciiDigit(words[i][3])) words[i] = "sxm";
        return words;
    }

    private static int? MemoryGigabytes(string word) =>
        (word[^1] is 'g' or 'b') && int.TryParse(word.AsSpan().TrimEnd('b').TrimEnd('g'), out int size) ? size : null;

    /// <summary>Sellers round: 80 GB is sold as 80 GiB, 94 as 96.</summary>
    private static bool Agrees(DeviceSpec device, int gigabytes)
    {
        const double tolerance = 0.1;
        double size = device.Memory.Count / (double)(1 << 30);
        return Math.Abs(size - gigabytes) <= tolerance * gigabytes;
    }
}
