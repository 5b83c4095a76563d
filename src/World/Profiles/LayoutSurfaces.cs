using System.Globalization;
using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>Attention heads of a device that were measured as they are.</summary>
public readonly record struct HeadLayout(int Heads, int KvHeads, int HeadWidth)
{
    /// <summary>The layout of a site.</summary>
    public static HeadLayout Of(in AttentionSite site) => new(site.Heads, site.KvHeads, site.HeadWidth);
}

/// <summary>
/// What measured layouts add to the general surface of a family (factors, as logarithms): together they meet every measured batch that was
/// kept, and between batches the general surface gives the shape.
/// </summary>
public sealed class LayoutSurfaces
{
    private readonly Dictionary<HeadLayout, EfficiencySurface> _surfaces;

    /// <exception cref="ArgumentException">A surface has other axes.</exception>
    public LayoutSurfaces(IReadOnlyList<string> axes, IReadOnlyDictionary<HeadLayout, EfficiencySurface> surfaces)
    {
        ArgumentNullException.ThrowIfNull(surfaces);
        foreach (EfficiencySurface surface in surfaces.Values) surface.RequireAxes(axes);
        _surfaces = new(surfaces);
    }

    public IReadOnlyDictionary<HeadLayout, EfficiencySurface> Surfaces => _surfaces;

    public bool TryGet(in AttentionSite site, out EfficiencySurface surface) =>
        _surfaces.TryGetValue(HeadLayout.Of(site), out surface!);

    internal static LayoutSurfaces Read(MapReader map, IReadOnlyList<string> axes)
    {
        var surfaces = new Dictionary<HeadLayout, EfficiencySurface>();
        foreach (Node item in map.List("layouts"))
        {
            MapReader layout = item.AsMap();
            HeadLayout key = new(layout.Required("heads").AsInt(min: 1), layout.Required("kvHeads").AsInt(min: 1), layout.Required("width").AsInt(min: 1));
            if (!surfaces.TryAdd(key, EfficiencySurface.Read(layout.Required("surface"), axes))) throw item.Error("these heads stand here twice");
            layout.Done();
        }
        return new(axes, surfaces);
    }

    internal void AddTo(List<KeyValuePair<string, Node>> entries)
    {
        if (_surfaces.Count == 0) return;
        entries.Add(new("layouts", Node.List([.. _surfaces.OrderBy(p => (p.Key.Heads, p.Key.KvHeads, p.Key.HeadWidth)).Select(p => Node.Map(
            KeyValuePair.Create("heads", Whole(p.Key.Heads)),
            KeyValuePair.Create("kvHeads", Whole(p.Key.KvHeads)),
            KeyValuePair.Create("width", Whole(p.Key.HeadWidth)),
            KeyValuePair.Create("surface", p.Value.Write())))])));
    }

    private static Node Whole(int value) => Node.Plain(value.ToString(CultureInfo.InvariantCulture));
}
