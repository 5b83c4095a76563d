namespace Orrery.Engine.Gguf;

/// <summary>Types of metadata values. The values are the type ids of the format.</summary>
/// <remarks>Source: the GGUF specification, version 3 (b).</remarks>
public enum GgufValueType
{
    U8 = 0,
    I8 = 1,
    U16 = 2,
    I16 = 3,
    U32 = 4,
    I32 = 5,
    F32 = 6,
    Flag = 7,
    Text = 8,
    Array = 9,
    U64 = 10,
    I64 = 11,
    F64 = 12,
}

internal static class GgufValueTypes
{
    /// <summary>A length or a count: unsigned, eight bytes since version 2.</summary>
    public const int LengthBytes = 8;

    /// <summary>An array's element type and its count.</summary>
    public const int ArrayHeadBytes = 4 + LengthBytes;

    public static bool IsKnown(uint id) => id <= (uint)GgufValueType.F64;

    /// <summary>Bytes of a value of fixed size; the least that a text or an array can take.</summary>
    public static int LeastBytes(this GgufValueType type) => type switch
    {
        GgufValueType.U8 or GgufValueType.I8 or GgufValueType.Flag => 1,
        GgufValueType.U16 or GgufValueType.I16 => 2,
        GgufValueType.U32 or GgufValueType.I32 or GgufValueType.F32 => 4,
        GgufValueType.U64 or GgufValueType.I64 or GgufValueType.F64 => 8,
        GgufValueType.Text => LengthBytes,
        _ => ArrayHeadBytes,
    };

    public static bool IsFixed(this GgufValueType type) => type is not (GgufValueType.Text or GgufValueType.Array);

    public static bool IsInteger(this GgufValueType type) => type is GgufValueType.U8 or GgufValueType.I8 or GgufValueType.U16 or GgufValueType.I16
        or GgufValueType.U32 or GgufValueType.I32 or GgufValueType.U64 or GgufValueType.I64;

    public static bool IsNumber(this GgufValueType type) => type.IsInteger() || type is GgufValueType.F32 or GgufValueType.F64;

    /// <summary>In the words of an error: <c>a text</c>, <c>an array</c>.</summary>
    public static string InWords(this GgufValueType type) => type switch
    {
        GgufValueType.Text => "a text",
        GgufValueType.Flag => "a true/false value",
        GgufValueType.Array => "an array",
        GgufValueType.F32 or GgufValueType.F64 => "a number",
        _ => "an integer",
    };
}
