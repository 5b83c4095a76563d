using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Claims;

namespace Orrery.Lab.Tests.Claims;

/// <summary>Files of claims written in tests.</summary>
internal static class ClaimText
{
    public static ClaimFile Read(string text) => ClaimReader.Read(Document.Parse(text, "claims.yaml"), "claims.yaml", "");

    /// <summary>With one text replaced by a mistake the file is refused, by a message with a line and column and what is wrong.</summary>
    /// <param name="file">A sound file of claims.</param>
    /// <param name="right">What is replaced.</param>
    /// <param name="wrong">What stands there instead.</param>
    /// <param name="part">A part of the message.</param>
    public static void AssertRefused(string file, string right, string wrong, string part)
    {
        Assert.Contains(right, file, StringComparison.Ordinal);
        var mistake = Assert.Throws<InputException>(() => ClaimRunner.Run([Read(file.Replace(right, wrong, StringComparison.Ordinal))], new() { Quick = true }));
        Assert.Matches(@"^claims\.yaml:\d+:\d+: ", mistake.Message);
        Assert.Contains(part, mistake.Message, StringComparison.Ordinal);
    }
}
