using System.Buffers.Binary;
using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>The typed keys and values of a model file. Values are decoded when asked for; the file keeps them.</summary>
/// <remarks>Getters return null where the key is missing and throw an <see cref="InputException"/> that names file and key where the value has another type or range.</remarks>
public sealed class GgufMetadata
{
    /// <summary>Arrays within arrays: no known file nests at all.</summary>
    private const int DeepestArray = 8;

    /// <summary>Elements that <see cref="Describe"/> shows of an array, and letters of a text.</summary>
    private const int ShownElements = 4;

    private const int ShownLetters = 60;
    private readonly GgufImage _image;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _keys = [];

    private GgufMetadata(GgufImage image) => _image = image;

    /// <summary>In the order of the file.</summary>
    public IEnumerable<string> Keys => _keys;

    public bool Contains(string key) => _entries.ContainsKey(key);

    /// <summary>The value's type, null where the key is missing.</summary>
    public GgufValueType? TypeOf(string key) => _entries.TryGetValue(key, out Entry entry) ? entry.Type : null;

    public string? Text(string key)
    {
        if (!_entries.TryGetValue(key, out Entry entry)) return null;
        Expect(key, entry.Type == GgufValueType.Text, entry, "a text");
        return At(entry).Text(key);
    }

    public long? Integer(string key)
    {
        if (!_entries.TryGetValue(key, out Entry entry)) return null;
        Expect(key, entry.Type.IsInteger(), entry, "an integer");
        return ReadInteger(key, entry.Type, At(entry));
    }

    /// <summary>A number of any numeric type.</summary>
    public double? Number(string key)
    {
        if (!_entries.TryGetValue(key, out Entry entry)) return null;
        Expect(key, entry.Type.IsNumber(), entry, "a number");
        return ReadNumber(key, entry.Type, At(entry));
    }

    public bool? Flag(string key)
    {
        if (!_entries.TryGetValue(key, out Entry entry)) return null;
        Expect(key, entry.Type == GgufValueType.Flag, entry, "true or false");
        return ReadFlag(key, At(entry));
    }

    public IReadOnlyList<string>? Texts(string key)
    {
        if (ArrayOf(key, type => type == GgufValueType.Text, "texts") is not { } entry) return null;
        GgufCursor cursor = At(entry);
        string[] texts = new string[entry.Count];
        for (int i = 0; i < texts.Length; i++) texts[i] = cursor.Text(key);
        return texts;
    }

    public float[]? Numbers(string key)
    {
        if (ArrayOf(key, type => type.IsNumber(), "numbers") is not { } entry) return null;
        GgufCursor cursor = At(entry);
        float[] numbers = new float[entry.Count];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = (float)ReadNumber(key, entry.Element, cursor);
        return numbers;
    }

    public int[]? Integers(string key)
    {
        if (ArrayOf(key, type => type.IsInteger(), "integers") is not { } entry) return null;
        GgufCursor cursor = At(entry);
        int[] integers = new int[entry.Count];
        for (int i = 0; i < integers.Length; i++)
        {
            long value = ReadInteger(key, entry.Element, cursor);
            if (value is < int.MinValue or > int.MaxValue) throw new InputException($"{_image.Name}: element {i} of {key} is {value}, which no 32-bit integer holds; make the file again");
            integers[i] = (int)value;
        }
        return integers;
    }

    public bool[]? Flags(string key)
    {
        if (ArrayOf(key, type => type == GgufValueType.Flag, "true/false values") is not { } entry) return null;
        GgufCursor cursor = At(entry);
        bool[] flags = new bool[entry.Count];
        for (int i = 0; i < flags.Length; i++) flags[i] = ReadFlag(key, cursor);
        return flags;
    }

    /// <summary>Elements of an array value, null where the key is missing or no array.</summary>
    public long? Count(string key) => _entries.TryGetValue(key, out Entry entry) && entry.Type == GgufValueType.Array ? entry.Count : null;

    /// <exception cref="InputException">The key is missing.</exception>
    public string RequireText(string key) => Text(key) ?? throw Missing(key);

    /// <summary>The sentence of a key that a model cannot do without.</summary>
    public InputException Missing(string key) => new($"{_image.Name}: the metadata key {key} is missing; the model cannot be used without it: make the file again with a current converter");

    /// <summary>The value in a few words, of any type; empty where the key is missing.</summary>
    public string Describe(string key)
    {
        if (!_entries.TryGetValue(key, out Entry entry)) return "";
        GgufCursor cursor = At(entry);
        if (entry.Type != GgufValueType.Array) return DescribeOne(key, entry.Type, cursor);
        if (entry.Element == GgufValueType.Array) return string.Create(CultureInfo.InvariantCulture, $"{entry.Count} arrays");
        List<string> shown = [];
        for (long i = 0; i < Math.Min(entry.Count, ShownElements); i++) shown.Add(DescribeOne(key, entry.Element, cursor));
        if (entry.Count > ShownElements) shown.Add("...");
        return string.Create(CultureInfo.InvariantCulture, $"{entry.Count} values: {string.Join(", ", shown)}");
    }

    /// <summary>Walks over all entries and checks every length on the way.</summary>
    internal static GgufMetadata Read(GgufCursor cursor, long count)
    {
        var metadata = new GgufMetadata(cursor.Image);
        for (long i = 0; i < count; i++)
        {
            long at = cursor.Position;
            string key = cursor.Name($"the key of metadata value {i}");
            GgufValueType type = ReadType(cursor, key);
            Entry entry;
            if (type == GgufValueType.Array)
            {
                GgufValueType element = ReadType(cursor, key);
                long elements = cursor.Count(element.LeastBytes(), $"the number of elements of {key}");
                entry = new(type, element, elements, cursor.Position);
                SkipElements(cursor, key, element, elements, depth: 1);
            }
            else
            {
                entry = new(type, type, 1, cursor.Position);
                SkipElements(cursor, key, type, 1, depth: 1);
            }
            if (!metadata._entries.TryAdd(key, entry)) throw cursor.Broken($"the metadata key {key} stands twice, the second time at byte {at}");
            metadata._keys.Add(key);
        }
        return metadata;
    }

    private static GgufValueType ReadType(GgufCursor cursor, string key)
    {
        long at = cursor.Position;
        uint id = cursor.U32($"the type of {key}");
        return GgufValueTypes.IsKnown(id) ? (GgufValueType)id : throw cursor.Broken($"the value of {key} has the unknown type {id} at byte {at}");
    }

    private static void SkipElements(GgufCursor cursor, string key, GgufValueType type, long count, int depth)
    {
        if (type.IsFixed())
        {
            // The count was held against the rest of the file, so the product cannot overflow.
            cursor.Skip(count * type.LeastBytes(), key);
            return;
        }
        if (depth > DeepestArray) throw cursor.Broken($"the value of {key} nests arrays more than {DeepestArray} deep");
        for (long i = 0; i < count; i++)
        {
            if (type == GgufValueType.Text)
            {
                cursor.SkipText(key);
                continue;
            }
            GgufValueType element = ReadType(cursor, key);
            SkipElements(cursor, key, element, cursor.Count(element.LeastBytes(), $"the number of elements of {key}"), depth + 1);
        }
    }

    private GgufCursor At(Entry entry) => new(_image, entry.Offset);

    private Entry? ArrayOf(string key, Func<GgufValueType, bool> fits, string what)
    {
        if (!_entries.TryGetValue(key, out Entry entry)) return null;
        // An empty array has no elements of a wrong type.
        Expect(key, entry.Type == GgufValueType.Array && (fits(entry.Element) || entry.Count == 0), entry, "an array of " + what);
        if (entry.Count > Array.MaxLength) throw new InputException($"{_image.Name}: {key} has {entry.Count} elements, more than an array may have; make the file again");
        return entry;
    }

    private void Expect(string key, bool isFine, Entry entry, string expected)
    {
        if (isFine) return;
        string found = entry.Type == GgufValueType.Array ? $"an array whose elements are each {entry.Element.InWords()}" : entry.Type.InWords();
        throw new InputException($"{_image.Name}: {key} is {found}, but must be {expected}; make the file again with a current converter");
    }

    private long ReadInteger(string key, GgufValueType type, GgufCursor cursor)
    {
        ReadOnlySpan<byte> bytes = cursor.Take(type.LeastBytes(), key);
        switch (type)
        {
            case GgufValueType.U8: return bytes[0];
            case GgufValueType.I8: return (sbyte)bytes[0];
            case GgufValueType.U16: return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            case GgufValueType.I16: return BinaryPrimitives.ReadInt16LittleEndian(bytes);
            case GgufValueType.U32: return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            case GgufValueType.I32: return BinaryPrimitives.ReadInt32LittleEndian(bytes);
            case GgufValueType.I64: return BinaryPrimitives.ReadInt64LittleEndian(bytes);
            default:
                ulong value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
                return value <= long.MaxValue ? (long)value : throw new InputException($"{_image.Name}: {key} is {value}, more than any model has; make the file again");
        }
    }

    private double ReadNumber(string key, GgufValueType type, GgufCursor cursor) => type switch
    {
        GgufValueType.F32 => BinaryPrimitives.ReadSingleLittleEndian(cursor.Take(sizeof(float), key)),
        GgufValueType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(cursor.Take(sizeof(double), key)),
        _ => ReadInteger(key, type, cursor),
    };

    private bool ReadFlag(string key, GgufCursor cursor)
    {
        byte value = cursor.Take(1, key)[0];
        return value <= 1 ? value == 1 : throw new InputException($"{_image.Name}: {key} is a true/false value of {value}, but must be 0 or 1; make the file again");
    }

    private string DescribeOne(string key, GgufValueType type, GgufCursor cursor)
    {
        // Hashes and seeds of other tools use all 64 bits; only as a size would such a value be wrong.
        if (type == GgufValueType.U64) return cursor.U64(key).ToString(CultureInfo.InvariantCulture);
        if (type.IsInteger()) return ReadInteger(key, type, cursor).ToString(CultureInfo.InvariantCulture);
        if (type.IsNumber()) return ReadNumber(key, type, cursor).ToString("G9", CultureInfo.InvariantCulture);
        if (type == GgufValueType.Flag) return ReadFlag(key, cursor) ? "true" : "false";
        string text = cursor.Text(key);
        string shown = text.Length <= ShownLetters ? text : text[..ShownLetters] + "...";
        return shown.Any(char.IsControl) ? string.Concat(shown.Select(letter => char.IsControl(letter) ? ' ' : letter)) : shown;
    }

    /// <summary>Where a value lies. Of an array: its first element.</summary>
    private readonly record struct Entry(GgufValueType Type, GgufValueType Element, long Count, long Offset);
}
