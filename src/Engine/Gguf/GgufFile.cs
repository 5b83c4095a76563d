using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>A model file, open: its metadata and its tensors, which stay on disk and are mapped into memory.</summary>
/// <remarks>
/// Source: the GGUF specification, versions 2 and 3, little endian (b). Nothing that the file says is believed before it is held against the size of the
/// file: a cut-off or hostile file ends in one <see cref="InputException"/> and never makes this library read outside the map.
/// </remarks>
public sealed class GgufFile : IDisposable
{
    private readonly List<GgufImage> _images;
    private readonly Dictionary<string, GgufTensor> _byName;

    private GgufFile(string name, List<GgufImage> images, int version, GgufMetadata metadata, List<GgufTensor> tensors, Dictionary<string, GgufTensor> byName)
    {
        Name = name;
        _images = images;
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
        _byName = byName;
    }

    /// <summary>The path, or the name that was given: errors begin with it.</summary>
    public string Name { get; }

    /// <summary>Version of the format: 2 or 3.</summary>
    public int Version { get; }

    /// <summary>Of a split model: that of the first part.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>In the order of the file; of a split model, part after part.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Files that the model consists of.</summary>
    public int Parts => _images.Count;

    /// <summary>Bytes of all parts together.</summary>
    public long ByteCount => _images.Sum(image => image.Length);

    /// <summary>Opens a file and, when it is the first part of a split model, the other parts beside it.</summary>
    /// <exception cref="InputException">The file is missing, damaged, or not a model file: one sentence that says where and what to do.</exception>
    public static GgufFile Open(string path)
    {
        List<GgufImage> images = [];
        try
        {
            images.Add(GgufImage.Map(path));
            GgufPart first = GgufPart.Read(images[0]);
            List<GgufPart> parts = [first];
            SplitName? split = SplitName.Of(first, path);
            for (int i = 1; i < (split?.Count ?? 1); i++)
            {
                images.Add(GgufImage.Map(split!.Existing(i)));
                parts.Add(GgufPart.Read(images[^1]));
                split.Check(parts[^1], i);
            }
            return Assemble(path, images, parts);
        }
        catch
        {
            foreach (GgufImage image in images) image.Dispose();
            throw;
        }
    }

    /// <summary>Reads an image in memory, which must not change while the file is open.</summary>
    /// <exception cref="InputException">As of <see cref="Open"/>.</exception>
    public static GgufFile FromBytes(byte[] image, string name)
    {
        var pinned = GgufImage.Of(image, name);
        try
        {
            GgufPart part = GgufPart.Read(pinned);
            if (SplitName.CountOf(part) > 1) throw new InputException($"{name}: this is one part of a split model; open its first part by path, with the other parts beside it");
            return Assemble(name, [pinned], [part]);
        }
        catch
        {
            pinned.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of a name, or null.</summary>
    public GgufTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <exception cref="InputException">The first tensor of a type that this library cannot compute with.</exception>
    public void RequireSupported()
    {
        foreach (GgufTensor tensor in Tensors) tensor.RequireSupported();
    }

    public void Dispose()
    {
        foreach (GgufImage image in _images) image.Dispose();
    }

    private static GgufFile Assemble(string name, List<GgufImage> images, List<GgufPart> parts)
    {
        var byName = new Dictionary<string, GgufTensor>(StringComparer.Ordinal);
        List<GgufTensor> tensors = [];
        foreach (GgufPart part in parts)
        {
            foreach (GgufTensor tensor in part.Tensors)
            {
                if (!byName.TryAdd(tensor.Name, tensor)) throw GgufCursor.Broken(part.Name, $"the tensor {tensor.Name} stands twice");
                tensors.Add(tensor);
            }
        }
        return new GgufFile(name, images, parts[0].Version, parts[0].Metadata, tensors, byName);
    }
}
