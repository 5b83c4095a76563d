namespace Orrery.Engine.Tests.Grammars;

/// <summary>One schema for every keyword and for their meetings. Where a value cannot be made from the keywords, "examples" lists some.</summary>
internal static class SampleSchemas
{
    public static readonly string[] All =
    [
        "true",
        """{"type":"object"}""",
        """{"type":"string"}""",
        """{"type":"string","minLength":2,"maxLength":4}""",
        """{"type":"string","minLength":3}""",
        """{"type":"number"}""",
        """{"type":"integer"}""",
        """{"type":"integer","minimum":-17,"maximum":1234}""",
        """{"type":"integer","exclusiveMinimum":9,"exclusiveMaximum":12}""",
        """{"type":"integer","minimum":100}""",
        """{"type":"integer","maximum":-5}""",
        """{"type":["integer","null","boolean"]}""",
        """{"enum":["a","b<c","é😀","quo\"te\\",1,2.5,null,true,[1,{"x":[]}],{}]}""",
        """{"const":{"a":[1,"two"],"b":{}}}""",
        """{"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":3}""",
        """{"type":"array","items":{"type":"integer"},"minItems":2}""",
        """{"type":"array"}""",
        """{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":{"type":"null"},"minItems":1}""",
        """{"type":"array","prefixItems":[{"const":"x"},{"const":"y"}]}""",
        """{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150}},"required":["name"],"additionalProperties":false}""",
        """{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"required":["b"]}""",
        """{"type":"object","properties":{"a":{"type":"boolean"},"ab":{"type":"boolean"},"é":{"type":"boolean"}},"additionalProperties":{"type":"integer"}}""",
        """{"type":"object","additionalProperties":{"type":"string","maxLength":1},"required":["x"]}""",
        """{"anyOf":[{"type":"object","properties":{"kind":{"const":"left"},"v":{"type":"integer"}},"required":["kind","v"]},{"type":"object","properties":{"kind":{"const":"right"},"w":{"type":"string"}},"required":["kind","w"]}]}""",
        """{"oneOf":[{"type":"string","maxLength":2},{"type":"integer"},{"type":"null"}]}""",
        """{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"string"}},"required":["b"]}]}""",
        """{"type":"object","properties":{"a":{"type":"integer"}},"anyOf":[{"required":["a"]},{"properties":{"b":{"type":"null"}},"required":["b"]}]}""",
        """{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","next"],"additionalProperties":false}}}""",
        """{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"array","items":{"$ref":"#/$defs/tree"},"maxItems":2}}}""",
        """{"type":"string","nullable":true,"maxLength":3}""",
        """{"type":"string","pattern":"^[a-c]{2,3}(-[0-9]+)?$","examples":["ab","abc-12","cc-0"]}""",
        """{"type":"string","pattern":"é|[^a-z\\s]x","examples":["é","a é b","<x","\"x tail","\\xx"]}""",
        """{"type":"string","pattern":"^(foo|ba(r|z))*$","examples":["","foo","barbazfoo"]}""",
        """{"type":"string","format":"date","examples":["2024-02-28","1999-12-31"]}""",
        """{"type":"string","format":"date-time","examples":["2024-02-28T23:59:59Z","2024-04-30T00:00:00.123+02:00"]}""",
        """{"type":"string","format":"uuid","examples":["123e4567-e89b-12d3-a456-426614174000"]}""",
        """{"type":"string","format":"email","examples":["a.b@example.org"]}""",
        """{"type":"string","format":"ipv4","examples":["192.168.0.1","255.255.255.255"]}""",
    ];
}
