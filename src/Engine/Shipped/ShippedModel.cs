using System.Reflection;
using Orrery.Engine.Gguf;

namespace Orrery.Engine.Shipped;

/// <summary>The model that comes with the program: a demonstration, not an assistant. <see cref="Card"/> says what it is.</summary>
public static class ShippedModel
{
    /// <summary>Its name in flags and in the server's list of models.</summary>
    public const string Name = "tiny-kjv";

    private const string ImageResource = "tiny-kjv-q8_0.gguf";
    private const string CardResource = "tiny-kjv.md";

    /// <summary>Text source, licence, training and quality, as Markdown.</summary>
    public static string Card
    {
        get
        {
            using var reader = new StreamReader(Resource(CardResource));
            return reader.ReadToEnd();
        }
    }

    /// <summary>The model file, read from the program itself.</summary>
    public static GgufFile Open() => GgufFile.FromBytes(Image(), Name);

    /// <summary>A fresh copy of the file's bytes.</summary>
    public static byte[] Image()
    {
        using Stream stream = Resource(ImageResource);
        byte[] image = new byte[stream.Length];
        stream.ReadExactly(image);
        return image;
    }

    private static Stream Resource(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"the resource {name} is not in the program");
}
