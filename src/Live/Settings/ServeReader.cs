using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Live.Settings;

/// <summary>Reads a serving file. Errors name file, line and key.</summary>
public static class ServeReader
{
    private const int LargestPort = 65_535;

    /// <summary>Reads a file; paths in it are relative to its folder.</summary>
    /// <exception cref="InputException">The file, a key or a value is wrong.</exception>
    public static ServeSettings Load(string path) => Read(Document.LoadWithIncludes(path), Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <param name="root">The document.</param>
    /// <param name="folder">What relative paths start from.</param>
    /// <exception cref="InputException">A key or a value is wrong.</exception>
    public static ServeSettings Read(Node root, string folder)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (root.Kind == NodeKind.Null) throw root.Error("the file is empty; it needs at least models, such as [{file: model.gguf}]");
        MapReader map = root.AsMap();
        ServeSettings usual = new();
        ServeSettings settings = new()
        {
            Host = map.Text("host", usual.Host),
            Port = map.Int("port", usual.Port, 0, LargestPort),
            AllowAnonymous = map.Bool("allowAnonymous", false),
            Hosts = [.. map.List("hosts").Select(host => host.AsText())],
            Origins = [.. map.List("origins").Select(ReadOrigin)],
            Keys = ReadKeys(map.Map("keys"), folder),
            Limits = ReadLimits(map.Map("limits")),
            Drain = map.Duration("drain", usual.Drain),
            Record = map.Optional("record") is { } record ? Path.GetFullPath(Path.Combine(folder, record.AsText())) : null,
            Gateway = map.Optional("gateway"),
            Upstreams = map.Optional("upstreams"),
            Traces = map.Optional("traces") is { } traces ? CollectorOf(traces.AsText()) ?? throw traces.Error($"'{traces.Text}' is no address of a collector; write for example http://127.0.0.1:4318") : null,
            Seed = (ulong)map.Long("seed", 0, 0),
        };
        Node? models = map.Optional("models");
        map.Done();
        if (settings.Gateway is { } gateway && settings.Upstreams is null) throw gateway.KeyError("a gateway needs upstreams; write for example upstreams: [{url: http://127.0.0.1:8000}]");
        if (models is null && settings.Upstreams is null) throw root.Error("the key 'models' is missing; write for example models: [{file: model.gguf}], or upstreams");
        ModelSettings[] read = [.. models?.AsList().Select(model => ModelReader.Read(model, folder)) ?? []];
        if (read.Length == 0 && settings.Upstreams is null) throw models!.Error("no model is served; write for example [{file: model.gguf}]");
        return settings with { Models = read };
    }

    /// <summary>The address of a collector of traces; null where it is none.</summary>
    public static Uri? CollectorOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? uri : null;

    private static string ReadOrigin(Node node)
    {
        string text = node.AsText();
        bool isOrigin = Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && text == uri.GetLeftPart(UriPartial.Authority);
        return isOrigin ? text : throw node.Error($"'{text}' is no origin; write scheme, host and port alone, such as https://chat.example");
    }

    private static KeySettings ReadKeys(MapReader? map, string folder)
    {
        if (map is null) return new();
        string? file = map.Optional("file")?.AsText();
        string? variable = map.Optional("environment")?.AsText();
        map.Done();
        if (file is null && variable is null) throw map.Node.Error("write file: keys.txt, or environment: with the name of a variable");
        return new(file is null ? null : Path.GetFullPath(Path.Combine(folder, file)), variable);
    }

    private static ServeLimits ReadLimits(MapReader? map)
    {
        if (map is null) return new();
        ServeLimits limits = ServeLimits.Set.Read(map);
        map.Done();
        return limits;
    }
}
