using Orrery.World.Hardware;
using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>The sets of one import, in the order in which their first tables were read.</summary>
internal sealed class ImportSession
{
    private readonly Dictionary<(string Origin, string Device, string Software, string Model), SetBuilder> _byKey = [];
    private readonly List<SetBuilder> _ordered = [];
    private readonly Dictionary<string, (string Source, string Licence)> _provenance = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DeviceSpec?> _devices = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);

    public IReadOnlyList<MeasurementSet> Build() => [.. _ordered.Select(builder => builder.Build())];

    /// <summary>The set that a table belongs to: tables of one folder, device, software and model share it.</summary>
    /// <param name="device">As the source spells it.</param>
    /// <param name="model">As the source spells it; empty where shapes were swept freely.</param>
    public SetBuilder Set(TableFile file, string device, string software, string model = "")
    {
        bool isFirst = !_devices.TryGetValue(device, out DeviceSpec? spec);
        if (isFirst) _devices.Add(device, spec = CatalogNames.Device(device));
        string name = spec?.Name ?? device;
        string modelName = model.Length == 0 ? "" : CatalogNames.Model(model)?.Name ?? CatalogNames.ModelId(model);
        if (_byKey.TryGetValue((file.Origin, name, software, modelName), out SetBuilder? builder))
        {
            if (isFirst) WarnUnread(file, device, spec, builder);
            return builder;
        }
        (string source, string licence) = Provenance(file.Directory);
        builder = new(spec, new(name, software, source, licence) { Origin = file.Origin, Model = modelName });
        _byKey.Add((file.Origin, name, software, modelName), builder);
        _ordered.Add(builder);
        if (spec is null && _unknown.Add(device))
            builder.Warn($"{file.Relative}: the catalogue has no device '{device}'; its times are kept under that name and not checked against a data sheet");
        if (isFirst) WarnUnread(file, device, spec, builder);
        return builder;
    }

    private static void WarnUnread(TableFile file, string device, DeviceSpec? spec, SetBuilder builder)
    {
        if (spec is not null && CatalogNames.Unread(device, spec) is { Count: > 0 } unread)
            builder.Warn($"{file.Relative}: '{device}' is read as {spec.Name}; what '{string.Join(' ', unread)}' says of it is not known and not modelled");
    }

    /// <summary>What the nearest <c>README.md</c> at or above a folder says after <c>Source:</c> and <c>Licence:</c>.</summary>
    private (string Source, string Licence) Provenance(string folder)
    {
        if (_provenance.TryGetValue(folder, out (string, string) known)) return known;
        (string, string) found = ("", "");
        string readme = Path.Combine(folder, "README.md");
        string? parent = Path.GetDirectoryName(folder);
        if (File.Exists(readme) && ReadProvenance(readme) is { } said) found = said;
        else if (parent is not null) found = Provenance(parent);
        return _provenance[folder] = found;
    }

    private static (string Source, string Licence)? ReadProvenance(string path)
    {
        const string source = "Source:";
        string[] licences = ["Licence:", "License:"];
        string? line;
        try
        {
            line = File.ReadLines(path).FirstOrDefault(text => text.StartsWith(source, StringComparison.OrdinalIgnoreCase));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        if (line is null) return null;
        int at = licences.Select(word => line.IndexOf(word, StringComparison.OrdinalIgnoreCase)).FirstOrDefault(index => index >= 0, -1);
        string where = (at < 0 ? line[source.Length..] : line[source.Length..at]).Trim().TrimEnd('.');
        string licence = at < 0 ? "" : line[(at + licences[0].Length)..].Trim().Split(' ')[0].TrimEnd('.', ',', ';');
        return (where, licence);
    }
}
