// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IOracle {
    function price() external view returns (uint256);
}

/// @title Vault holds ether for its depositors and values it by an oracle.
/// @dev An example with known faults. Never deploy it.
contract Vault {
    mapping(address => uint256) public balances;
    uint256 public totalShares;
    IOracle public oracle;
    address public owner;

    event Deposited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);
    event OracleChanged(IOracle oracle);

    constructor(IOracle first) {
        owner = msg.sender;
        oracle = first;
    }

    function deposit() external payable {
        balances[msg.sender] += msg.value;
        totalShares += msg.value;
        emit Deposited(msg.sender, msg.value);
    }

    /// @notice Withdraws the caller's whole balance.
    function withdraw() external {
        uint256 amount = balances[msg.sender];
        require(amount > 0, "nothing to withdraw");
        (bool ok, ) = msg.sender.call{value: amount}("");
        require(ok);
        balances[msg.sender] = 0;
        totalShares -= amount;
        emit Withdrawn(msg.sender, amount);
    }

    function setOracle(IOracle next) external {
        oracle = next;
        emit OracleChanged(next);
    }

    function pricePerShare() public view returns (uint256) {
        if (totalShares == 0) return 1e18;
        return (address(this).balance * oracle.price()) / totalShares;
    }

    function sweep(address payable to) external {
        require(tx.origin == owner, "not owner");
        to.transfer(address(this).balance);
    }
}
